#include "courier/answer_verdict.hpp"

#include "base/text.hpp"
#include "codec/problem.hpp"
#include "courier/http_time.hpp"

namespace agent {

AnswerVerdict verdict_on_poll(int status) noexcept {
    if (status == 200) return AnswerVerdict::good;
    if (status == 401 || status == 403) return AnswerVerdict::denied;
    return AnswerVerdict::try_again;
}

AnswerVerdict verdict_on_upload(int status) noexcept {
    if (status == 200 || status == 201) return AnswerVerdict::good;
    if (status == 401 || status == 403) return AnswerVerdict::denied;
    if (status == 408 || status == 429) return AnswerVerdict::try_again;
    if (status >= 400 && status <= 499) return AnswerVerdict::bundle_bad;
    return AnswerVerdict::try_again;
}

std::string describe_refusal(const HttpAnswer& answer) {
    constexpr std::size_t reason_most = 64;
    auto text = std::to_string(answer.status);
    const auto problem = parse_problem(answer.body);
    if (problem.has_error()) return text + " without a reason";
    const auto& reason = problem.value().reason;
    if (!reason.empty()) text += ' ' + (is_name(reason, 1, reason_most) ? reason : agent::quoted(reason, reason_most));
    if (!problem.value().detail.empty()) return text + ": " + agent::quoted(problem.value().detail);
    if (!problem.value().title.empty()) return text + ": " + agent::quoted(problem.value().title);
    return reason.empty() ? text + " without a reason" : text;
}

std::optional<Duration> retry_after_of(const HttpAnswer& answer, WallTime now) {
    if (!answer.retry_after) return std::nullopt;
    if (answer.date) now = parse_http_date(*answer.date).value_or(now);
    return parse_retry_after(*answer.retry_after, now);
}

FailedAttempt failed_answer(const HttpAnswer& answer, AnswerVerdict verdict, WallTime now) {
    const auto code = verdict == AnswerVerdict::try_again ? Errc::unreachable : Errc::refused;
    return FailedAttempt{Error{code, "the order server answered " + describe_refusal(answer)}, verdict,
                         retry_after_of(answer, now)};
}

}  // namespace agent
