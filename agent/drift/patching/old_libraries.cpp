#include "drift/patching/old_libraries.hpp"
#include "drift/patching/notes.hpp"

#include <algorithm>

namespace agent {
namespace {

// More than this is not kept: the next look is a whole one.
constexpr std::size_t kept_processes_most = 5'000;

std::optional<std::size_t> number_in(const Value& notes, std::string_view name) {
    const auto* member = notes.find(name);
    const auto* number = member == nullptr ? nullptr : member->integer();
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::size_t>(*number);
}

bool read_processes(const Value& notes, std::set<pid_t>& processes) {
    const auto* member = notes.find("old");
    if (member == nullptr || member->array() == nullptr) return false;
    for (const auto& value : *member->array()) {
        if (value.integer() == nullptr) return false;
        processes.insert(static_cast<pid_t>(*value.integer()));
    }
    return true;
}

}  // namespace

bool still_holds(const WholeLook& look, const std::string& stamp, WallTime now) {
    return !stamp.empty() && look.stamp == stamp && look.made <= now && now - look.made < whole_look_every;
}

DuesSeen dues_of(const OldLibraries& old) {
    DuesSeen seen;
    for (const auto& [name, service] : old.services)
        seen.emplace(std::string{restart_due} + name, DueSeen{service.since, service.started});
    return seen;
}

std::optional<WholeLook> read_whole_look(const Value* notes) {
    if (notes == nullptr) return std::nullopt;
    const auto* stamp = text_in(*notes, "stamp");
    const auto* made = text_in(*notes, "made");
    const auto* example = text_in(*notes, "barred_example");
    const auto processes = number_in(*notes, "processes");
    const auto barred = number_in(*notes, "barred");
    if (stamp == nullptr || made == nullptr || example == nullptr || !processes || !barred) return std::nullopt;
    const auto when = parse_rfc3339(*made);
    if (when.has_error()) return std::nullopt;
    WholeLook look{*stamp, when.value(), {}, *processes, *barred, *example};
    if (!read_processes(*notes, look.old)) return std::nullopt;
    return look;
}

Value write_whole_look(const WholeLook& look) {
    Value::Array old;
    for (const auto process : look.old) old.emplace_back(std::int64_t{process});
    const bool is_kept = old.size() <= kept_processes_most;
    return Value::object({{"stamp", is_kept ? look.stamp : std::string{}},
                          {"made", format_rfc3339(look.made)},
                          {"old", is_kept ? std::move(old) : Value::Array{}},
                          {"processes", static_cast<std::int64_t>(look.processes)},
                          {"barred", static_cast<std::int64_t>(look.barred)},
                          {"barred_example", look.barred_example}});
}

}  // namespace agent
