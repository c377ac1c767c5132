#include "daemon/service_manager.hpp"

#include <systemd/sd-daemon.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime

#include <cstdint>
#include <string>

namespace agent {

void notify_ready(std::string_view status) { sd_notify(0, ("READY=1\nSTATUS=" + std::string{status}).c_str()); }

void notify_status(std::string_view status) { sd_notify(0, ("STATUS=" + std::string{status}).c_str()); }

// MONOTONIC_USEC is what Type=notify-reload of systemd 253 and later waits for; earlier ones ignore it.
void notify_reloading() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
    sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void notify_stopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace agent
