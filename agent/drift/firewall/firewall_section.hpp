#pragma once
// A view of the firewall as the section of a baseline that would approve it.
#include <string>
#include <vector>

#include "drift/firewall/firewall_view.hpp"

namespace agent {

// YAML lines, not indented. An error where a part of the firewall could not be read: approving the rest would be
// approving what nobody saw.
[[nodiscard]] Result<std::string> write_firewall_section(const FirewallView& view,
                                                         const std::vector<std::string>& dynamic_sets);

}  // namespace agent
