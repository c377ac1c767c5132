#include "drift/patching/apt_simulation.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace agent {
namespace {

std::string_view take_until(std::string_view& text, std::string_view mark) {
    const auto taken = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), taken.size() + mark.size()));
    return taken;
}

// Inst NAME [OLD] (NEW ORIGIN, ORIGIN [ARCH]) [NAMES…]; [OLD] is absent of a package that is new.
std::optional<AptChange> parse_install(std::string_view text) {
    AptChange change;
    change.package = take_until(text, " ");
    if (text.starts_with('[')) {
        text.remove_prefix(1);
        change.from = take_until(text, "] ");
    }
    if (!text.starts_with('(')) return std::nullopt;
    text.remove_prefix(1);
    auto inside = take_until(text, ")");
    change.to = take_until(inside, " ");
    auto origins = inside.substr(0, inside.rfind(" ["));
    while (!origins.empty()) change.is_security = is_security_origin(take_until(origins, ", ")) || change.is_security;
    if (change.package.empty() || change.to.empty()) return std::nullopt;
    return change;
}

// Remv NAME [OLD] [NAMES…], or Purg
std::optional<AptChange> parse_removal(std::string_view text) {
    AptChange change;
    change.package = take_until(text, " ");
    if (!text.starts_with('[')) return std::nullopt;
    text.remove_prefix(1);
    change.from = take_until(text, "]");
    if (change.package.empty() || change.from.empty()) return std::nullopt;
    return change;
}

// "124 upgraded, 3 newly installed, 0 to remove and 2 not upgraded.": the first number, else nothing.
std::optional<std::size_t> upgraded_in(std::string_view text) {
    std::size_t upgraded{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), upgraded);
    if (failed != std::errc{} || !text.ends_with(" not upgraded.")) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with(" upgraded, ")) return std::nullopt;
    return upgraded;
}

}  // namespace

bool is_security_origin(std::string_view origin) {
    const auto label = origin.substr(0, origin.find(':'));
    return label == "Debian-Security" || origin.ends_with("-security");
}

Result<std::vector<AptChange>> parse_apt_changes(std::string_view text) {
    std::vector<AptChange> changes;
    std::optional<std::size_t> promised;
    std::size_t upgrades = 0;  // a new package comes with the upgrade that wants it, and is counted there
    while (!text.empty()) {
        const auto line = take_until(text, "\n");
        if (const auto upgraded = upgraded_in(line)) promised = upgraded;
        const auto word = line.substr(0, 5);
        const bool comes = word == "Inst ";
        if (!comes && word != "Remv " && word != "Purg ") continue;
        auto change = comes ? parse_install(line.substr(word.size())) : parse_removal(line.substr(word.size()));
        if (!change) return Error{Errc::malformed, "apt-get printed a line that makes no sense: " + quoted(line)};
        if (comes && !change->from.empty()) ++upgrades;
        changes.push_back(*std::move(change));
    }
    if (!promised) return Error{Errc::malformed, "apt-get printed no summary; its output is not what was expected"};
    if (upgrades < *promised)
        return Error{Errc::malformed, "apt-get speaks of " + std::to_string(*promised) + " upgrades but names only " +
                                          std::to_string(upgrades)};
    return changes;
}

Result<AptSimulation> parse_apt_simulation(std::string_view text) {
    AGENT_TRY(auto changes, parse_apt_changes(text));
    AptSimulation simulation;
    for (auto& change : changes) {
        if (change.from.empty() || change.to.empty()) continue;
        if (!change.is_security) ++simulation.others;
        if (change.is_security)
            simulation.security.push_back({std::move(change.package), std::move(change.from), std::move(change.to)});
    }
    std::sort(simulation.security.begin(), simulation.security.end(),
              [](const PendingUpgrade& a, const PendingUpgrade& b) { return a.package < b.package; });
    return simulation;
}

}  // namespace agent
