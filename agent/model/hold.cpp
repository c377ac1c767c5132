#include "model/hold.hpp"

namespace agent {

WallTime until_resumed() { return parse_rfc3339("9999-12-31T23:59:59.999Z").value(); }

Value value_of_hold(const std::optional<WallTime>& until, WallTime now) {
    if (!until || *until <= now) return {};
    return Value::object({{"until", *until >= until_resumed() ? Value{} : Value{format_rfc3339(*until)}}});
}

Value value_of_held_check(WallTime since, const std::string& reason) {
    return Value::object({{"since", format_rfc3339(since)}, {"reason", reason}});
}

}  // namespace agent
