#include "model/vocabulary.hpp"

#include <gtest/gtest.h>

#include <set>

namespace agent {
namespace {

template <class E>
void expect_words(E last, std::initializer_list<std::string_view> expected) {
    ASSERT_EQ(words<E>.size(), static_cast<std::size_t>(last) + 1) << "an enumerator without a word, or the reverse";
    ASSERT_EQ(words<E>.size(), expected.size());
    std::size_t i = 0;
    for (const auto word : expected) {
        const auto value = static_cast<E>(i++);
        EXPECT_EQ(to_string(value), word);
        EXPECT_EQ(parse_word<E>(word), value);
    }
    EXPECT_FALSE(parse_word<E>(""));
    EXPECT_FALSE(parse_word<E>("Pass"));
}

TEST(Vocabulary, HasTheWordsOfTheProtocol) {
    expect_words(CheckResult::waived, {"pass", "drift", "error", "timeout", "not_applicable", "waived"});
    expect_words(Severity::critical, {"low", "medium", "high", "critical"});
    expect_words(Outcome::expired, {"success", "failed", "reverted", "deferred", "alert", "rejected", "expired"});
    expect_words(Trigger::manual, {"startup", "change", "heartbeat", "order", "manual"});
    expect_words(DeploymentMode::reseller, {"direct", "reseller"});
    expect_words(OrderMode::plan, {"apply", "plan"});
    expect_words(HealingMode::enforce, {"off", "dry_run", "enforce"});
    expect_words(Verdict::defer, {"pass", "refuse", "defer"});
    expect_words(OrderStatus::completed, {"pending", "executing", "deferred", "alert", "failed", "reverted", "rejected",
                                          "expired", "completed"});
    expect_words(Gate::clock_untrusted,
                 {"too_large", "malformed", "untrusted_key", "bad_signature", "threshold_not_met", "malformed_payload",
                  "wrong_audience", "ttl_out_of_range", "not_yet_valid", "expired", "replayed", "unknown_runbook",
                  "key_not_permitted", "bad_params", "plan_changed", "healing_disabled", "outside_maintenance_window",
                  "budget_exhausted", "clock_untrusted"});
}

TEST(Vocabulary, RefusesAtGate6WithTheWordOfGate2) {
    EXPECT_EQ(reason_word(Gate::malformed_payload), "malformed");
    EXPECT_EQ(reason_word(Gate::replayed), "replayed");
}

TEST(Vocabulary, MakesAnOrdersStatusOfItsOutcome) {
    EXPECT_EQ(status_of(Outcome::success), OrderStatus::completed);
    for (const auto outcome :
         {Outcome::failed, Outcome::reverted, Outcome::deferred, Outcome::alert, Outcome::rejected, Outcome::expired})
        EXPECT_EQ(to_string(status_of(outcome)), to_string(outcome));
}

TEST(Vocabulary, HoldsOnlyThreeStatusesForUnfinished) {
    std::set<OrderStatus> open;
    for (std::size_t i = 0; i < words<OrderStatus>.size(); ++i)
        if (const auto status = static_cast<OrderStatus>(i); !is_final(status)) open.insert(status);
    EXPECT_EQ(open, (std::set{OrderStatus::pending, OrderStatus::executing, OrderStatus::deferred}));
}

TEST(Vocabulary, CallsFineOnlyWhatIsFine) {
    std::set<CheckResult> fine;
    for (std::size_t i = 0; i < words<CheckResult>.size(); ++i)
        if (const auto result = static_cast<CheckResult>(i); is_fine(result)) fine.insert(result);
    EXPECT_EQ(fine, (std::set{CheckResult::pass, CheckResult::not_applicable, CheckResult::waived}));
}

}  // namespace
}  // namespace agent
