#include "courier/progress_note.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "courier/answer_verdict.hpp"

namespace agent {
namespace {

constexpr Duration note_most{1'000};
constexpr std::size_t answer_most = 16UL * 1024UL;

HttpRequest note_request(const OrderId& order, const ServerSettings& settings) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/api/orders/" + percent_encode(order.str()) + "/status";
    request.body = R"({"status":"executing"})";
    request.content_type = "application/json";
    request.deadline = std::min(settings.timeout, note_most);
    request.answer_limit = answer_most;
    return request;
}

}  // namespace

Task<> post_progress(ServerLine& line, OrderId order, const ServerSettings& settings) {
    auto request = note_request(order, settings);
    const auto answer = co_await line.exchange(std::move(request));
    if (answer.has_error() && answer.error().code() == Errc::cancelled) co_return answer.error();
    constexpr int no_content = 204;
    if (answer.has_value() && answer.value().status == no_content) co_return ok();
    log_debug("the order server was not told that an order began: " +
                  (answer.has_error() ? answer.error().message() : "it answered " + describe_refusal(answer.value())),
              {{"order", order.str()}});
    co_return ok();
}

}  // namespace agent
