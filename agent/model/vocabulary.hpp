#pragma once
// The one enumeration of every word on the wire; checks, healing, evidence and server all use these.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace agent {

enum class CheckResult : std::uint8_t { pass, drift, error, timeout, not_applicable, waived };
enum class Severity : std::uint8_t { low, medium, high, critical };  // ordered: worst last
enum class Outcome : std::uint8_t { success, failed, reverted, deferred, alert, rejected, expired };
enum class Trigger : std::uint8_t { startup, change, heartbeat, order, manual };
enum class DeploymentMode : std::uint8_t { direct, reseller };
enum class OrderMode : std::uint8_t { apply, plan };
enum class HealingMode : std::uint8_t { off, dry_run, enforce };
enum class Verdict : std::uint8_t { pass, refuse, defer };
// PROTOCOL.md section 6; ordered from least to most finished.
enum class OrderStatus : std::uint8_t {
    pending,
    executing,
    deferred,
    alert,
    failed,
    reverted,
    rejected,
    expired,
    completed
};
// PROTOCOL.md section 4: gates 1 to 15 in their order, then the reasons of local policy.
enum class Gate : std::uint8_t {
    too_large,
    malformed,
    untrusted_key,
    bad_signature,
    threshold_not_met,
    malformed_payload,
    wrong_audience,
    ttl_out_of_range,
    not_yet_valid,
    expired,
    replayed,
    unknown_runbook,
    key_not_permitted,
    bad_params,
    plan_changed,
    healing_disabled,
    outside_maintenance_window,
    budget_exhausted,
    clock_untrusted
};

// Words in the order of the enumerators. to_string and parse_word work for every enumeration listed here.
template <class E>
inline constexpr std::array<std::string_view, 0> words{};
template <>
inline constexpr std::array words<CheckResult>{std::string_view{"pass"},           std::string_view{"drift"},
                                               std::string_view{"error"},          std::string_view{"timeout"},
                                               std::string_view{"not_applicable"}, std::string_view{"waived"}};
template <>
inline constexpr std::array words<Severity>{std::string_view{"low"}, std::string_view{"medium"},
                                            std::string_view{"high"}, std::string_view{"critical"}};
template <>
inline constexpr std::array words<Outcome>{std::string_view{"success"},  std::string_view{"failed"},
                                           std::string_view{"reverted"}, std::string_view{"deferred"},
                                           std::string_view{"alert"},    std::string_view{"rejected"},
                                           std::string_view{"expired"}};
template <>
inline constexpr std::array words<Trigger>{std::string_view{"startup"}, std::string_view{"change"},
                                           std::string_view{"heartbeat"}, std::string_view{"order"},
                                           std::string_view{"manual"}};
template <>
inline constexpr std::array words<DeploymentMode>{std::string_view{"direct"}, std::string_view{"reseller"}};
template <>
inline constexpr std::array words<OrderMode>{std::string_view{"apply"}, std::string_view{"plan"}};
template <>
inline constexpr std::array words<HealingMode>{std::string_view{"off"}, std::string_view{"dry_run"},
                                               std::string_view{"enforce"}};
template <>
inline constexpr std::array words<Verdict>{std::string_view{"pass"}, std::string_view{"refuse"},
                                           std::string_view{"defer"}};
template <>
inline constexpr std::array words<OrderStatus>{
    std::string_view{"pending"},  std::string_view{"executing"}, std::string_view{"deferred"},
    std::string_view{"alert"},    std::string_view{"failed"},    std::string_view{"reverted"},
    std::string_view{"rejected"}, std::string_view{"expired"},   std::string_view{"completed"}};
template <>
inline constexpr std::array words<Gate>{std::string_view{"too_large"},
                                        std::string_view{"malformed"},
                                        std::string_view{"untrusted_key"},
                                        std::string_view{"bad_signature"},
                                        std::string_view{"threshold_not_met"},
                                        std::string_view{"malformed_payload"},
                                        std::string_view{"wrong_audience"},
                                        std::string_view{"ttl_out_of_range"},
                                        std::string_view{"not_yet_valid"},
                                        std::string_view{"expired"},
                                        std::string_view{"replayed"},
                                        std::string_view{"unknown_runbook"},
                                        std::string_view{"key_not_permitted"},
                                        std::string_view{"bad_params"},
                                        std::string_view{"plan_changed"},
                                        std::string_view{"healing_disabled"},
                                        std::string_view{"outside_maintenance_window"},
                                        std::string_view{"budget_exhausted"},
                                        std::string_view{"clock_untrusted"}};

template <class E>
requires(!words<E>.empty()) [[nodiscard]] constexpr std::string_view to_string(E value) noexcept {
    return words<E>[static_cast<std::size_t>(value)];
}

template <class E>
requires(!words<E>.empty()) [[nodiscard]] constexpr std::optional<E> parse_word(std::string_view word) noexcept {
    for (std::size_t i = 0; i < words<E>.size(); ++i)
        if (words<E>[i] == word) return static_cast<E>(i);
    return std::nullopt;
}

// The reason word of a refusal or deferral: that of the gate, but gate 6 is refused as `malformed` (section 4).
[[nodiscard]] std::string_view reason_word(Gate gate) noexcept;

// What an order's bundle makes of the order (section 6): success is `completed`, the rest keep their word.
[[nodiscard]] OrderStatus status_of(Outcome outcome) noexcept;
// `deferred`, `executing` and `pending` are not final.
[[nodiscard]] bool is_final(OrderStatus status) noexcept;

// Fine is `pass`, `not_applicable` and `waived`; nothing else is.
[[nodiscard]] bool is_fine(CheckResult result) noexcept;

}  // namespace agent
