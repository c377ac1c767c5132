#include "server/api.hpp"
#include "server/host_listing.hpp"

namespace agent::api {

// GET /api/hosts
Result<Reply> list_hosts(const Call& call) {
    AGENT_TRY(const auto lines, agent::list_hosts(call.service.hosts, call.service.evidence));
    Value::Array items;
    for (const auto& line : lines) items.push_back(to_value(line));
    return json_reply(200, Value::object({{"items", std::move(items)}}));
}

}  // namespace agent::api
