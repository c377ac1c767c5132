#include "drift/patching/due.hpp"

#include <algorithm>

namespace agent {

Dues look_again(const Dues& before, const DuesSeen& seen, WallTime now) {
    Dues after;
    for (const auto& [what, told] : seen) {
        auto since = std::min(told.since, now);
        const auto known = before.find(what);
        if (known != before.end()) since = std::min(since, known->second);
        after.emplace(what, std::min(std::max(since, told.at_earliest), now));
    }
    return after;
}

Dues read_dues(const Value* notes) {
    const auto* members = notes == nullptr ? nullptr : notes->object();
    if (members == nullptr) return {};
    Dues dues;
    for (const auto& [what, value] : *members) {
        const auto* text = value.string();
        if (text == nullptr) continue;
        const auto since = parse_rfc3339(*text);
        if (since.has_value()) dues.emplace(what, since.value());
    }
    return dues;
}

Value write_dues(const Dues& dues) {
    Value notes{Value::Object{}};
    for (const auto& [what, since] : dues) notes.set(what, format_rfc3339(since));
    return notes;
}

}  // namespace agent
