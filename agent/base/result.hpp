#pragma once
// The one error vocabulary. Every function that can fail returns Result<T>; nothing throws across a module's edge.
#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace agent {

// What a caller may branch on; what a person reads is in the message.
enum class Errc : std::uint8_t {
    cancelled,    // we were asked to stop: never retried, never reported as a fault
    timed_out,    // a deadline of ours passed
    unreachable,  // transport failure: retried with back-off
    refused,      // the other side understood and said no
    malformed,    // input broke a rule of its format, or a size limit
    untrusted,    // a signature, certificate, expiry or replay check failed
    not_found,    // what was asked for does not exist
    storage,      // disk or database failed
    disk_full,    // like storage, and room would help
    corrupt,      // the database file itself is damaged
    system,       // an operating system call failed
};

[[nodiscard]] std::string_view to_string(Errc code) noexcept;

class [[nodiscard]] Error {
public:
    Error(Errc code, std::string message) : code_{code}, message_{std::move(message)} {}

    [[nodiscard]] Errc code() const noexcept { return code_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }

    // "<doing>: <message>", same code.
    [[nodiscard]] Error in_context(std::string_view doing) &&;

    friend bool operator==(const Error&, const Error&) = default;

private:
    Errc code_;
    std::string message_;
};

// An error of the operating system: "<doing>: <strerror(errno_value)>".
[[nodiscard]] Error system_error(int errno_value, std::string_view doing);

template <class T = void>
using Result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

[[nodiscard]] inline auto ok() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

// Says what was being done when the inner step failed.
template <class T>
[[nodiscard]] Result<T> in_context(Result<T>&& inner, std::string_view doing) {
    if (inner.has_error()) return std::move(inner).error().in_context(doing);
    return std::move(inner);
}

}  // namespace agent

// AGENT_TRY(expr);  AGENT_TRY(auto name, expr);  return the error of `expr` to the caller, or go on with its value.
#define AGENT_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define AGENT_CO_TRY(...) BOOST_OUTCOME_CO_TRY(__VA_ARGS__)
