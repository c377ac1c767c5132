#include "codec/json.hpp"
#include "server/api.hpp"
#include "server/version.hpp"

namespace agent::api {

Reply json_reply(int status, const Value& value) {
    Reply reply;
    reply.response.status = status;
    reply.response.body = write_json(value);
    return reply;
}

Reply refusal(int status, std::string_view reason, std::string_view detail) {
    Reply reply;
    reply.response = problem(status, reason, detail);
    return reply;
}

Result<Reply> health(const Call& call) {
    return json_reply(200, Value::object({{"status", "ok"},
                                          {"version", server_version()},
                                          {"time", format_rfc3339(call.service.time.wall_now())}}));
}

}  // namespace agent::api
