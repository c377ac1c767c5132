#include "server/settings_file.hpp"

#include <iostream>

namespace agent {

std::optional<OrderServerSettings> settings_or_report(const std::filesystem::path& config) {
    auto outcome = load_order_server_settings(config);
    for (const auto& fault : outcome.faults) std::cerr << fault.to_string() << '\n';
    if (!outcome.faults.empty()) return std::nullopt;
    return std::move(outcome.settings);
}

}  // namespace agent
