#include "state_fixture.hpp"

namespace agent {
namespace {

using testing::noon;

class MemoryTest : public testing::StateTest {
protected:
    template <class Step>
    void commit(Step step) {
        auto transaction = store->begin().value();
        const Result<> done = step(transaction);
        ASSERT_TRUE(done.has_value()) << done.error().message();
        ASSERT_TRUE(transaction.commit().has_value());
    }
    AgentMemory& memory() { return store->memory(); }
    CheckMemory& checks() { return store->checks(); }
};

TEST_F(MemoryTest, TheTimeMarkIsKept) {
    EXPECT_FALSE(memory().time_mark().value());
    commit([&](Transaction& t) { return memory().write_time_mark(t, {noon, Duration{5}, "boot-1"}); });
    commit([&](Transaction& t) { return memory().write_time_mark(t, {noon + Duration{1}, Duration{6}, "boot-2"}); });
    reopen();
    const auto mark = memory().time_mark().value();
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->mark, noon + Duration{1});
    EXPECT_EQ(mark->since_boot, Duration{6});
    EXPECT_EQ(mark->boot_id, "boot-2");
}

TEST_F(MemoryTest, TheNewestCatalogueNeverMovesBack) {
    EXPECT_FALSE(memory().newest_catalogue().value());
    for (const int offset : {0, 7, 3}) ASSERT_TRUE(memory().keep_newest_catalogue(noon + Duration{offset}).has_value());
    reopen();
    EXPECT_EQ(memory().newest_catalogue().value(), noon + Duration{7});
}

TEST_F(MemoryTest, LoopsRememberTheirLastSuccessAndFailure) {
    EXPECT_FALSE(memory().loop("poll").value().last_success);
    ASSERT_TRUE(memory().write_loop("poll", {noon, std::nullopt, std::nullopt}).has_value());
    ASSERT_TRUE(memory().write_loop("poll", {noon, noon + Duration{1}, "no route"}).has_value());
    ASSERT_TRUE(memory().write_loop("poll", {noon, noon + Duration{1}, "no route", true}).has_value());
    EXPECT_TRUE(memory().loop("poll").value().alarm);
    reopen();
    const auto poll = memory().loop("poll").value();
    EXPECT_EQ(poll.last_success, noon);
    EXPECT_EQ(poll.last_failure, noon + Duration{1});
    EXPECT_EQ(poll.failure, "no route");
    EXPECT_FALSE(memory().loop("upload").value().last_success);
}

TEST_F(MemoryTest, ChangesOfACheckAreKeptAsLongAsTheyAreAskedFor) {
    const CheckName name{"patching"};
    const CheckName other{"encryption"};
    const auto minute = [](int number) { return noon + std::chrono::minutes{number}; };
    for (const int number : {0, 5, 40})
        commit([&](Transaction& t) { return checks().note_change(t, name, minute(number), minute(number - 30)); });
    commit([&](Transaction& t) { return checks().note_change(t, other, minute(41), minute(11)); });
    reopen();
    EXPECT_EQ(checks().changes_since(name, minute(0)).value(), std::vector{minute(40)}) << "older ones are forgotten";
    EXPECT_EQ(checks().changes_since(name, minute(41)).value().size(), 0U);
    commit([&](Transaction& t) { return checks().keep_only(t, {other}); });
    EXPECT_EQ(checks().changes_since(name, minute(0)).value().size(), 0U);
    EXPECT_EQ(checks().changes_since(other, minute(0)).value().size(), 1U);
}

TEST_F(MemoryTest, ACheckOnHoldKeepsItsFirstReasonUntilItIsReleased) {
    const CheckName name{"patching"};
    commit([&](Transaction& t) { return checks().hold(t, {name, noon, "flapping"}); });
    commit([&](Transaction& t) { return checks().hold(t, {name, noon + std::chrono::hours{1}, "by hand"}); });
    commit([&](Transaction& t) { return checks().note_change(t, name, noon, noon); });
    reopen();
    EXPECT_EQ(checks().held(name).value(), "flapping");
    ASSERT_EQ(checks().held().value().size(), 1U);
    EXPECT_EQ(checks().held().value()[0].since, noon);
    EXPECT_EQ(checks().held(CheckName{"encryption"}).value(), std::nullopt);
    commit([&](Transaction& t) { return checks().release(t, name); });
    EXPECT_EQ(checks().held(name).value(), std::nullopt);
    EXPECT_TRUE(checks().changes_since(name, noon).value().empty()) << "or it would be flapping at once";
}

TEST_F(MemoryTest, AHoldLastsUntilItIsLifted) {
    EXPECT_FALSE(memory().hold_until().value());
    ASSERT_TRUE(memory().write_hold(WallTime::max()).has_value());
    reopen();
    EXPECT_EQ(memory().hold_until().value(), WallTime::max());
    ASSERT_TRUE(memory().write_hold(std::nullopt).has_value());
    EXPECT_FALSE(memory().hold_until().value());
}

TEST_F(MemoryTest, RefusalsWithoutABundleAreCounted) {
    EXPECT_EQ(memory().refusal_count().value().unrecorded, 0);
    commit([&](Transaction& t) { return memory().write_refusal_count(t, {7}); });
    reopen();
    EXPECT_EQ(memory().refusal_count().value().unrecorded, 7);
}

TEST_F(MemoryTest, RefusalBundlesAreCountedWithinAnHourOnEitherSide) {
    constexpr Duration hour{std::chrono::hours{1}};
    commit([&](Transaction& t) { return memory().remember_unsigned_refusal(t, noon, hour); });
    commit([&](Transaction& t) { return memory().remember_unsigned_refusal(t, noon + Duration{1}, hour); });
    EXPECT_EQ(memory().unsigned_refusals_near(noon + hour - Duration{1}, hour).value(), 2);
    EXPECT_EQ(memory().unsigned_refusals_near(noon + hour, hour).value(), 1);
    EXPECT_EQ(memory().unsigned_refusals_near(noon - hour, hour).value(), 0);
    EXPECT_EQ(memory().unsigned_refusals_near(noon - hour + Duration{1}, hour).value(), 1);
}

TEST_F(MemoryTest, RefusalBundlesOutOfTheHourAreForgotten) {
    constexpr Duration hour{std::chrono::hours{1}};
    commit([&](Transaction& t) { return memory().remember_unsigned_refusal(t, noon, hour); });
    commit([&](Transaction& t) { return memory().remember_unsigned_refusal(t, noon + 2 * hour, hour); });
    EXPECT_EQ(memory().unsigned_refusals_near(noon, hour).value(), 0);
    EXPECT_EQ(memory().unsigned_refusals_near(noon + 2 * hour, hour).value(), 1);
}

TEST_F(MemoryTest, TheServersClockOutlivesARestart) {
    EXPECT_FALSE(memory().server_clock().value());
    ASSERT_TRUE(memory().write_server_clock({Duration{-1'500}, noon}).has_value());
    ASSERT_TRUE(memory().write_server_clock({Duration{-2'500}, noon + Duration{1}}).has_value());
    reopen();
    const auto kept = memory().server_clock().value();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->ahead, Duration{-2'500});
    EXPECT_EQ(kept->seen, noon + Duration{1});
}

TEST_F(MemoryTest, HealingRunsAreCountedPerKey) {
    for (int hour = 0; hour < 3; ++hour)
        commit([&](Transaction& t) { return memory().remember_run(t, "RB-A", noon + std::chrono::hours{hour}); });
    commit([&](Transaction& t) { return memory().remember_run(t, "RB-B", noon); });
    EXPECT_EQ(memory().runs_since("RB-A", noon + std::chrono::hours{1}).value(), 2);
    EXPECT_EQ(memory().last_run("RB-A").value(), noon + std::chrono::hours{2});
    EXPECT_FALSE(memory().last_run("RB-C").value());
}

TEST_F(MemoryTest, AFreshStateHasNothingSetAside) {
    EXPECT_FALSE(memory().set_aside_note().value());
    EXPECT_FALSE(memory().orders_not_before().value());
}

TEST_F(MemoryTest, TheLastResultOfEveryCheckIsKept) {
    const RememberedCheck drift{
        CheckName{"patching"}, CheckResult::drift, Severity::high, "3 pending", "digest", noon, noon};
    commit([&](Transaction& t) { return checks().remember(t, drift); });
    const RememberedCheck fine{CheckName{"patching"}, CheckResult::pass, std::nullopt, "", "digest-2",
                               noon + Duration{1},    noon + Duration{1}};
    commit([&](Transaction& t) { return checks().remember(t, fine); });
    reopen();
    const auto last = checks().last(CheckName{"patching"}).value();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->result, CheckResult::pass);
    EXPECT_EQ(last->severity, std::nullopt);
    EXPECT_EQ(last->state_digest, "digest-2");
    EXPECT_EQ(last->last_change, noon + Duration{1});
    EXPECT_EQ(checks().all().value().size(), 1U);
    EXPECT_FALSE(checks().last(CheckName{"firewall_baseline"}).value());
}

TEST_F(MemoryTest, ChecksThatTheBaselineDropsAreForgottenWithTheirNotes) {
    for (const auto* name : {"a", "b"})
        commit([&](Transaction& t) -> Result<> {
            AGENT_TRY(checks().remember(t, {CheckName{name}, CheckResult::pass, std::nullopt, "", "d", noon, noon}));
            return checks().write_notes(t, CheckName{name}, "{\"n\":1}");
        });
    commit([&](Transaction& t) { return checks().keep_only(t, {CheckName{"b"}}); });
    EXPECT_FALSE(checks().last(CheckName{"a"}).value());
    EXPECT_EQ(checks().notes(CheckName{"a"}).value(), "");
    EXPECT_EQ(checks().notes(CheckName{"b"}).value(), "{\"n\":1}");
}

}  // namespace
}  // namespace agent
