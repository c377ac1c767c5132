#include "cli/operator_client.hpp"

#include "base/text.hpp"
#include "cli/session.hpp"
#include "codec/json.hpp"
#include "codec/problem.hpp"
#include "daemon/version.hpp"

namespace agent::cli {
namespace {

Error refusal(const HttpAnswer& answer) {
    const auto problem = parse_problem(answer.body);
    std::string text = "the server answered " + std::to_string(answer.status);
    if (problem.has_value() && !problem.value().reason.empty()) text += " " + problem.value().reason;
    if (problem.has_value() && !problem.value().detail.empty())
        text += ": " + agent::quoted(problem.value().detail, 400);
    const bool passing = answer.status >= 500 || answer.status == 408 || answer.status == 429;
    return Error{answer.status == 404 ? Errc::not_found : passing ? Errc::unreachable : Errc::refused, text};
}

}  // namespace

OperatorClient::OperatorClient(const AgentSettings& settings)
    : timeout_{settings.server.timeout},
      client_{loop_.get_executor(), time_, settings.server, "compliance-agent/" + agent_version()} {}

Result<Value> OperatorClient::exchange(HttpRequest request) {
    request.deadline = timeout_;
    loop_.restart();
    AGENT_TRY(const auto answer, run_to_end(loop_, client_.exchange(std::move(request))));
    if (answer.status < 200 || answer.status > 299) return refusal(answer);
    return in_context(parse_json(answer.body), "reading the server's answer");
}

Result<Value> OperatorClient::get(const std::string& target) {
    HttpRequest request;
    request.method = "GET";
    request.target = target;
    return exchange(std::move(request));
}

Result<Value> OperatorClient::post(const std::string& target, const std::string& json) {
    HttpRequest request;
    request.method = "POST";
    request.target = target;
    request.body = json;
    request.content_type = "application/json";
    return exchange(std::move(request));
}

void OperatorClient::pause(Duration duration) {
    loop_.restart();
    static_cast<void>(run_to_end(loop_, time_.sleep_for(duration)).has_error());
}

}  // namespace agent::cli
