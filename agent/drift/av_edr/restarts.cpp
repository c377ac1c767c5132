#include "drift/av_edr/restarts.hpp"

#include <limits>

namespace agent {

Restarts look_again(const Restarts& before, const UnitState& unit, WallTime now) {
    Restarts after{unit.restarts, unit.invocation_id, before.grew};
    // The clock went back: at least it was not later than this.
    if (after.grew && *after.grew > now) after.grew = now;
    const bool is_another = unit.restarts != before.counted || unit.invocation_id != before.invocation;
    if (before.counted && unit.restarts > 0 && is_another) after.grew = now;
    return after;
}

bool is_flapping(const Restarts& restarts, Duration window, WallTime now) {
    return restarts.grew && now - *restarts.grew <= window;
}

Restarts read_restarts(const Value* notes) {
    if (notes == nullptr) return {};
    const auto* counted = notes->find("counted");
    const auto* invocation = notes->find("invocation");
    if (counted == nullptr || counted->integer() == nullptr || *counted->integer() < 0 ||
        *counted->integer() > std::numeric_limits<std::uint32_t>::max() || invocation == nullptr ||
        invocation->string() == nullptr)
        return {};
    Restarts restarts{static_cast<std::uint32_t>(*counted->integer()), *invocation->string(), std::nullopt};
    if (const auto* grew = notes->find("grew"); grew != nullptr && grew->string() != nullptr) {
        const auto when = parse_rfc3339(*grew->string());
        if (when.has_value()) restarts.grew = when.value();
    }
    return restarts;
}

Value write_restarts(const Restarts& restarts) {
    if (!restarts.counted) return {};
    auto notes = Value::object({{"counted", std::int64_t{*restarts.counted}}, {"invocation", restarts.invocation}});
    if (restarts.grew) notes.set("grew", format_rfc3339(*restarts.grew));
    return notes;
}

}  // namespace agent
