#pragma once
// What a status means for polling and for uploading (PROTOCOL.md section 7), and how an error is told to people.
#include <cstdint>
#include <optional>
#include <string>

#include "courier/https_client.hpp"

namespace agent {

enum class AnswerVerdict : std::uint8_t {
    good,
    denied,       // 401, 403: alarm, slow down to the cap
    try_again,    // back off
    bundle_bad,   // uploads only: this one bundle is refused for good
    bad_receipt,  // uploads only: stored, but the receipt is missing or wrong; an alarm, and back off
};

[[nodiscard]] AnswerVerdict verdict_on_poll(int status) noexcept;
[[nodiscard]] AnswerVerdict verdict_on_upload(int status) noexcept;

// "422 bad_signature: "the signature does not …"": status, reason and detail of a problem document where it is one.
[[nodiscard]] std::string describe_refusal(const HttpAnswer& answer);

// The lower bound that the server asks for; a date is taken relative to the answer's own Date, else to `now`.
[[nodiscard]] std::optional<Duration> retry_after_of(const HttpAnswer& answer, WallTime now);

// An exchange or its use that did not succeed, as the loops need it.
struct FailedAttempt {
    Error error;
    AnswerVerdict verdict{AnswerVerdict::try_again};  // never good
    std::optional<Duration> retry_after{};
};

// Of an answer with a verdict other than good.
[[nodiscard]] FailedAttempt failed_answer(const HttpAnswer& answer, AnswerVerdict verdict, WallTime now);

}  // namespace agent
