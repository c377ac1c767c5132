// Orders and drifts agree on one run.
#include <boost/asio/detached.hpp>

#include "desk_fixture.hpp"
#include "other_process.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A drift heals the check `text`; right after a run the same runbook would have to wait.
class OneRun : public DeskFixture {
protected:
    OneRun() {
        cooldown = std::chrono::minutes{10};
        max_per_day = 1;
        declare("enforce");
    }
    // The order arrives when a run first asks its check, which is before it changes anything.
    void offer_during_the_run(const OrderPayload& payload) {
        during_next_check = [this, payload]() -> Task<> {
            Offer offer{payload.order_id.str(), signed_by(order_key, payload)};
            auto delivered = co_await desk->deliver(std::move(offer));
            if (delivered.has_error()) co_return std::move(delivered).error();
            co_return ok();
        };
    }
    void drift() {
        note(CheckResult::drift);
        work();
    }
    // "change success", "order o-1 deferred"
    std::vector<std::string> told() {
        std::vector<std::string> lines;
        for (const auto& bundle : evidence()) {
            const auto id = text(bundle, "order_id");
            lines.push_back(text(bundle, "trigger") + (id.empty() ? "" : " " + id) + " " + text(bundle, "outcome"));
        }
        return lines;
    }
    std::int64_t runs() {
        const auto counted = store->memory().runs_since(budget_key(RunbookId{"RB-FIX-001"}), WallTime{});
        return counted.value();
    }
    // Begins `work` and lets it come as far as it does without time.
    template <class T>
    void start(Task<T> work, std::optional<Result<T>>& end) {
        const auto keep = [](Task<T> inner, std::optional<Result<T>>& out) -> asio::awaitable<void> {
            auto ended = co_await std::move(inner);
            out.emplace(std::move(ended));
        };
        asio::co_spawn(io, keep(std::move(work), end), asio::detached);
        io.restart();
        io.poll();
    }
};

TEST_F(OneRun, IsJoinedByAnOrderForTheDriftThatItHeals) {
    offer_during_the_run(order("o-1"));
    drift();
    ASSERT_THAT(told(), ElementsAre("change success", "order o-1 success"));
    const auto bundles = evidence();
    const auto& run = bundles[0];
    const auto& joined = bundles[1];
    EXPECT_EQ(content(), "approved\n");
    EXPECT_EQ(runs(), 1);
    EXPECT_EQ(*joined.find("post_state")->find("joined"), Value::object({{"bundle_id", text(run, "bundle_id")}}));
    EXPECT_EQ(run.find("post_state")->find("joined"), nullptr);
    EXPECT_TRUE(joined.find("error")->is_null());
    for (const auto* same : {"check", "result", "pre_state", "action_taken", "runbook_id", "runbook_sha256"})
        EXPECT_EQ(*joined.find(same), *run.find(same)) << same;
    EXPECT_EQ(joined.find("order")->find("gates")->array()->size(), 15U);
    EXPECT_FALSE(joined.find("order")->find("envelope")->is_null());
    EXPECT_TRUE(run.find("order")->is_null());
    EXPECT_EQ(store->orders().find(OrderId{"o-1"}).value()->outcome, "success");
    EXPECT_THAT(progress, ElementsAre("o-1 begins", "ends"));
    work();
    EXPECT_EQ(offer(order("o-1")), Delivery::known);
    EXPECT_EQ(evidence().size(), 2U);
}

TEST_F(OneRun, EndsEveryOrderThatJoinedItAsItEndsItself) {
    check_says = CheckResult::drift;
    during_next_check = [this]() -> Task<> {
        for (const auto* id : {"o-1", "o-2"}) {
            Offer offer{id, signed_by(order_key, order(id))};
            auto delivered = co_await desk->deliver(std::move(offer));
            if (delivered.has_error()) co_return std::move(delivered).error();
        }
        co_return ok();
    };
    drift();
    EXPECT_THAT(told(), ElementsAre("change reverted", "order o-1 reverted", "order o-2 reverted"));
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_EQ(text(evidence()[1], "error"), text(evidence()[0], "error"));
}

TEST_F(OneRun, IsJoinedWhileItWaitsForItsTurn) {
    OtherProcess<HealingLock> other{folder.path() / "state"};
    ASSERT_TRUE(other.took());
    note(CheckResult::drift);
    std::optional<Result<>> worked;
    start(desk->work_once(), worked);
    ASSERT_FALSE(worked) << "it waits for the other process";
    std::optional<Result<Delivery>> delivered;
    start(desk->deliver({"o-1", signed_by(order_key, order("o-1"))}), delivered);
    ASSERT_TRUE(delivered && delivered->has_value());
    EXPECT_THAT(progress, ElementsAre());
    other.end();
    time.advance(Duration{200});
    io.restart();
    io.run();
    ASSERT_TRUE(worked && worked->has_value());
    EXPECT_THAT(told(), ElementsAre("change success", "order o-1 success"));
    EXPECT_EQ(runs(), 1);
    EXPECT_THAT(progress, ElementsAre("o-1 begins", "ends"));
}

TEST_F(OneRun, ThatNeverBeginsFailsTheOrdersThatJoinedIt) {
    OtherProcess<HealingLock> other{folder.path() / "state"};
    ASSERT_TRUE(other.took());
    note(CheckResult::drift);
    std::optional<Result<>> worked;
    start(desk->work_once(), worked);
    std::optional<Result<Delivery>> delivered;
    start(desk->deliver({"o-1", signed_by(order_key, order("o-1"))}), delivered);
    std::filesystem::remove(folder.path() / "state" / "healing.lock");
    std::filesystem::create_directory(folder.path() / "state" / "healing.lock");
    time.advance(Duration{200});
    io.restart();
    io.run();
    ASSERT_TRUE(worked && worked->has_error());
    ASSERT_THAT(told(), ElementsAre("order o-1 failed"));
    EXPECT_THAT(text(evidence()[0], "error"), StartsWith("nothing was changed: "));
    EXPECT_EQ(content(), "drifted\n");
}

TEST_F(OneRun, IsNotWhatAnOrderForAnythingElseAsksFor) {
    declare("enforce", HealingMode::enforce, "params: {note: {type: string, default: usual}}\n");
    auto quoting = order("o-1");
    quoting.plan_sha256 =
        testing::run(io, engine.plan(*loaded->runbooks.find(RunbookId{"RB-FIX-001"}), Value{Value::Object{}}))
            .value()
            .sha256;
    auto other = order("o-1");
    other.params = Value::object({{"note", "other"}});
    for (auto payload : {quoting, other}) {
        SCOPED_TRACE(payload.plan_sha256.value_or("other parameters"));
        folder.write("target", "drifted\n");
        open();
        const auto before = evidence().size();
        payload.order_id = OrderId{"o-" + std::to_string(before)};
        payload.nonce = sha256_hex(payload.order_id.str());
        payload.issued_at = time.wall;
        offer_during_the_run(payload);
        drift();
        ASSERT_EQ(evidence().size(), before + 2);
        EXPECT_THAT(text(evidence()[before], "error"), StartsWith("budget_exhausted: "));
        EXPECT_EQ(text(evidence()[before + 1], "outcome"), "success");
        time.advance(std::chrono::hours{25});
        work();
    }
    auto spelt_out = order("o-2");
    spelt_out.params = Value::object({{"note", "usual"}});
    offer_during_the_run(spelt_out);
    folder.write("target", "drifted\n");
    drift();
    EXPECT_EQ(told().back(), "order o-2 success");
}

TEST_F(OneRun, IsNotJoinedWhereTheRestOfPolicyWouldNotHaveIt) {
    auto deliver = order("o-1");
    during_next_check = [this, deliver]() -> Task<> {
        AGENT_CO_TRY(store->memory().write_hold(time.wall + std::chrono::hours{1}));
        Offer offer{"o-1", signed_by(order_key, deliver)};
        auto delivered = co_await desk->deliver(std::move(offer));
        if (delivered.has_error()) co_return std::move(delivered).error();
        co_return ok();
    };
    drift();
    EXPECT_THAT(told(), ElementsAre("order o-1 deferred", "change success"));
    EXPECT_THAT(text(evidence()[0], "error"), HasSubstr("on hold"));
}

// What a crash leaves of an order that had joined: it is accepted, and no run in the journal is its own.
TEST_F(OneRun, ThatACrashCutShortLeavesTheOrderThatJoinedItInterrupted) {
    offer(order("o-1"));
    const auto run = store->journal().run_of(OrderId{"o-1"}).value();
    auto transaction = store->begin().value();
    ASSERT_TRUE(store->journal().close(transaction, run.value()).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    open();
    work();
    EXPECT_THAT(told(), ElementsAre("order o-1 failed"));
    EXPECT_THAT(text(evidence()[0], "error"),
                AllOf(StartsWith("interrupted: "), HasSubstr("had joined the run of a drift")));
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_EQ(store->orders().find(OrderId{"o-1"}).value()->outcome, "failed");
}

TEST_F(OneRun, OfAnOrderIsNotFollowedByOneOfTheDriftThatWasNotedBefore) {
    during_next_check = [this]() -> Task<> {
        note(CheckResult::drift);
        co_return ok();
    };
    offer(order("o-1"));
    note(CheckResult::drift);
    work();
    work();
    EXPECT_THAT(told(), ElementsAre("order o-1 success"));
    EXPECT_EQ(runs(), 1);
    drift();
    EXPECT_THAT(told(), ElementsAre("order o-1 success", "change deferred")) << "the next look tells anew";
}

TEST_F(OneRun, OfADriftIsNotFollowedByWhatItsCheckSaidMeanwhile) {
    during_next_check = [this]() -> Task<> {
        note(CheckResult::drift);
        co_return ok();
    };
    drift();
    work();
    EXPECT_THAT(told(), ElementsAre("change success"));
}

TEST_F(OneRun, IsThatOfTheOrderWhereItCameBeforeTheDriftHadItsTurn) {
    folder.write("runbooks/other.yaml",
                 "id: RB-OTHER\nname: o\ndescription: o\ndisruptive: false\nrepairs: another\nsteps:\n"
                 "  - {action: check.run, checks: [another]}\n");
    auto declared = load_baseline(folder.write(
        "baseline.yaml",
        "version: 1\ncustom:\n  - {name: text, kind: file, path: " + target.string() +
            ", mode: \"0644\", runbook: RB-FIX-001, heal: enforce}\n  - {name: another, kind: file, path: " +
            target.string() + ", mode: \"0644\", runbook: RB-OTHER, heal: enforce}\n"));
    baseline = *std::move(declared.baseline);
    configure(HealingMode::enforce);
    offer_during_the_run(order("o-1"));
    CheckReport report;
    report.name = CheckName{"another"};
    report.result = CheckResult::drift;
    desk->looked(report);
    drift();
    EXPECT_THAT(told(), ElementsAre("change success"));
    EXPECT_EQ(content(), "drifted\n");
    work();
    EXPECT_THAT(told(), ElementsAre("change success", "order o-1 success"));
}

}  // namespace
}  // namespace agent::testing
