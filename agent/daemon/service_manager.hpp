#pragma once
// What systemd is told (sd_notify(3)); without systemd nothing happens.
#include <string_view>

namespace agent {

void notify_ready(std::string_view status);
void notify_status(std::string_view status);
void notify_reloading();
void notify_stopping();

}  // namespace agent
