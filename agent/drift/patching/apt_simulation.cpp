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

struct Line {
    PendingUpgrade upgrade;
    bool is_new{};
    bool is_security{};
};

// Inst NAME [OLD] (NEW ORIGIN, ORIGIN [ARCH]) [NAMES…]; [OLD] is absent of a package that is new.
std::optional<Line> parse_line(std::string_view text) {
    Line line;
    line.upgrade.package = take_until(text, " ");
    line.is_new = !text.starts_with('[');
    if (!line.is_new) {
        text.remove_prefix(1);
        line.upgrade.installed = take_until(text, "] ");
    }
    if (!text.starts_with('(')) return std::nullopt;
    text.remove_prefix(1);
    auto inside = take_until(text, ")");
    line.upgrade.candidate = take_until(inside, " ");
    auto origins = inside.substr(0, inside.rfind(" ["));
    while (!origins.empty()) line.is_security = is_security_origin(take_until(origins, ", ")) || line.is_security;
    if (line.upgrade.package.empty() || line.upgrade.candidate.empty()) return std::nullopt;
    return line;
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

Result<AptSimulation> parse_apt_simulation(std::string_view text) {
    constexpr std::string_view mark{"Inst "};
    AptSimulation simulation;
    std::optional<std::size_t> promised;
    while (!text.empty()) {
        const auto line = take_until(text, "\n");
        if (const auto upgraded = upgraded_in(line)) promised = upgraded;
        if (!line.starts_with(mark)) continue;
        auto parsed = parse_line(line.substr(mark.size()));
        if (!parsed) return Error{Errc::malformed, "apt-get printed a line that makes no sense: " + quoted(line)};
        // A new package comes with the upgrade that wants it, and is counted there.
        if (parsed->is_new) continue;
        if (parsed->is_security) simulation.security.push_back(std::move(parsed->upgrade));
        if (!parsed->is_security) ++simulation.others;
    }
    if (!promised) return Error{Errc::malformed, "apt-get printed no summary; its output is not what was expected"};
    if (simulation.security.size() + simulation.others < *promised)
        return Error{Errc::malformed, "apt-get speaks of " + std::to_string(*promised) + " upgrades but names only " +
                                          std::to_string(simulation.security.size() + simulation.others)};
    std::sort(simulation.security.begin(), simulation.security.end(),
              [](const PendingUpgrade& a, const PendingUpgrade& b) { return a.package < b.package; });
    return simulation;
}

}  // namespace agent
