#include <tuple>

#include "state_fixture.hpp"
#include "store/state_schema.hpp"

namespace agent {
namespace {

using testing::noon;
using Journal = testing::StateTest;

RunHeader header_for(const std::string& order) {
    RunHeader header{RunbookId{"RB-FIX-001"}, std::string(64, 'a'), Trigger::order, std::nullopt, noon};
    if (!order.empty()) header.order = OrderId{order};
    return header;
}

TEST_F(Journal, GivesBackAfterARestartWhatWasWrittenBeforeEachStep) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("o-1")).value();
    const BegunStep first{1, "file.install", Value::object({{"exists", false}}), Value::object({{"path", "/x"}})};
    const BegunStep second{3, "unit.restart", Value::object({{"unit", "a.service"}}), std::nullopt};
    ASSERT_TRUE(journal.begin_step(transaction, run, first).has_value());
    ASSERT_TRUE(journal.begin_step(transaction, run, second).has_value());
    ASSERT_TRUE(journal.enter(transaction, run, RunState::rolling_back).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    reopen();

    const auto open = store->journal().open().value();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].number, run);
    EXPECT_EQ(open[0].header.order, OrderId{"o-1"});
    EXPECT_EQ(open[0].header.runbook, RunbookId{"RB-FIX-001"});
    EXPECT_EQ(open[0].header.trigger, Trigger::order);
    EXPECT_EQ(open[0].header.started, noon);
    EXPECT_EQ(open[0].state, RunState::rolling_back);
    ASSERT_EQ(open[0].steps.size(), 2U);
    EXPECT_EQ(open[0].steps[0].before, first.before);
    EXPECT_EQ(open[0].steps[0].saved, first.saved);
    EXPECT_EQ(open[0].steps[1].step, 3);
    EXPECT_EQ(open[0].steps[1].saved, std::nullopt);
    EXPECT_EQ(store->journal().run_of(OrderId{"o-1"}).value(), run);
}

TEST_F(Journal, GivesBackWhatAStepGaveOnceItHasEnded) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("")).value();
    for (const std::int64_t step : {1, 2, 3})
        ASSERT_TRUE(journal.begin_step(transaction, run, {step, "command.run", Value{}, std::nullopt}).has_value());
    ActionTaken taken;
    taken.step = 2;
    taken.action = "command.run";
    taken.command = {"/bin/sync", "--file-system"};
    taken.exit_code = 3;
    taken.duration_sec = 2;
    taken.result = "failed";
    taken.output_head = "head";
    taken.output_tail = "tail";
    ASSERT_TRUE(journal.end_step(transaction, run, {taken, true, Value::object({{"exit_status", 3}})}).has_value());
    ActionTaken nothing;
    nothing.step = 3;
    ASSERT_TRUE(journal.end_step(transaction, run, {nothing, false, Value{}}).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    reopen();

    const auto steps = store->journal().open().value().at(0).steps;
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_FALSE(steps[0].ended) << "cut short, perhaps";
    EXPECT_TRUE(steps[0].may_have_touched());
    ASSERT_TRUE(steps[1].ended);
    EXPECT_TRUE(steps[1].may_have_touched());
    EXPECT_EQ(steps[1].ended->after, Value::object({{"exit_status", 3}}));
    const auto& read = steps[1].ended->taken;
    EXPECT_EQ(std::tie(read.step, read.action, read.command, read.exit_code, read.duration_sec, read.result,
                       read.output_head, read.output_tail),
              std::tie(taken.step, taken.action, taken.command, taken.exit_code, taken.duration_sec, taken.result,
                       taken.output_head, taken.output_tail));
    EXPECT_EQ(steps[2].ended->taken.command, std::nullopt);
    EXPECT_FALSE(steps[2].may_have_touched());
}

TEST_F(Journal, GivesBackWhatComesBehindTheUndos) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("")).value();
    const auto other = journal.begin(transaction, header_for("o-1")).value();
    const std::vector<RollbackStep> steps{
        {10, "unit.restart", Value::object({{"unit", "a.service"}})},
        {11, "command.run", Value::object({{"argv", Value::strings({"/bin/true"})}})}};
    ASSERT_TRUE(journal.keep_rollback(transaction, run, steps).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    reopen();
    const auto open = store->journal().open().value();
    ASSERT_EQ(open.size(), 2U);
    EXPECT_EQ(open[0].rollback, steps);
    EXPECT_TRUE(open[1].rollback.empty());
    EXPECT_TRUE(store->journal().rollback_of(other).value().empty());

    auto end = store->begin().value();
    ASSERT_TRUE(store->journal().close(end, run).has_value());
    ASSERT_TRUE(end.commit().has_value());
    EXPECT_TRUE(store->journal().rollback_of(run).value().empty());
}

// What is only told must not stand in the way of what puts the host right.
TEST_F(Journal, TakesAStepWhoseEndCannotBeReadForOneThatHasNone) {
    auto transaction = store->begin().value();
    const auto run = store->journal().begin(transaction, header_for("")).value();
    ASSERT_TRUE(store->journal().begin_step(transaction, run, {1, "file.install", Value{}, Value{"x"}}).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    auto database = Database::open(folder.path() / "state.db", OpenMode::existing, state_schema());
    ASSERT_TRUE(database.value().execute("UPDATE begun_steps SET ended = '{\"touched\":false}'").has_value());
    const auto open = store->journal().open();
    ASSERT_TRUE(open.has_value()) << open.error().message();
    EXPECT_FALSE(open.value().at(0).steps.at(0).ended);
    EXPECT_TRUE(open.value().at(0).steps.at(0).may_have_touched());
}

TEST_F(Journal, LetsARunGoWithItsStepsOnceItIsClosed) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("o-1")).value();
    const auto other = journal.begin(transaction, header_for("")).value();
    ASSERT_TRUE(journal.begin_step(transaction, run, {1, "file.install", Value{}, Value{"x"}}).has_value());
    ASSERT_TRUE(journal.close(transaction, run).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    const auto open = journal.open().value();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].number, other);
    EXPECT_EQ(open[0].header.order, std::nullopt);
    EXPECT_EQ(journal.run_of(OrderId{"o-1"}).value(), std::nullopt);
    auto database = Database::open(folder.path() / "state.db", OpenMode::read_only, state_schema());
    ASSERT_TRUE(database.has_value()) << database.error().message();
    auto left = database.value().prepare("SELECT count(*) FROM begun_steps");
    ASSERT_TRUE(left.value().step().value());
    EXPECT_EQ(left.value().integer(0), 0) << "what was kept of a file goes with its run";
}

TEST_F(Journal, LetsOneOfTwoDecideWhatBecomesOfARun) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("")).value();
    ASSERT_TRUE(journal.enter(transaction, run, RunState::confirming).has_value());
    EXPECT_TRUE(journal.replace_state(transaction, run, RunState::confirming, RunState::unconfirmed).value());
    EXPECT_FALSE(journal.replace_state(transaction, run, RunState::confirming, RunState::confirmed).value());
    EXPECT_EQ(journal.open().value()[0].state, RunState::unconfirmed);
}

// An agent that hung while its timer put everything back, and goes on.
TEST_F(Journal, BeginsAndConfirmsNothingOfARunThatItsTimerHasTaken) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("")).value();
    ASSERT_TRUE(journal.begin_step(transaction, run, {1, "file.install", Value{}, Value{"x"}}).has_value());
    ASSERT_TRUE(journal.replace_state(transaction, run, RunState::stepping, RunState::unconfirmed).value());
    const auto refused = journal.begin_step(transaction, run, {2, "file.install", Value{}, Value{"x"}});
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::refused);
    EXPECT_EQ(journal.open().value()[0].steps.size(), 1U);
    for (const auto state : {RunState::verifying, RunState::confirming}) {
        ASSERT_TRUE(journal.enter(transaction, run, state).has_value());
        EXPECT_EQ(journal.open().value()[0].state, RunState::unconfirmed);
    }
    EXPECT_FALSE(journal.replace_state(transaction, run, RunState::confirming, RunState::confirmed).value());
    ASSERT_TRUE(journal.enter(transaction, run, RunState::rolling_back).has_value());
    EXPECT_EQ(journal.open().value()[0].state, RunState::rolling_back);
}

// Its timer may still be under way.
TEST_F(Journal, GivesTheNumberOfAClosedRunToNoOther) {
    auto transaction = store->begin().value();
    auto& journal = store->journal();
    const auto run = journal.begin(transaction, header_for("")).value();
    ASSERT_TRUE(journal.close(transaction, run).has_value());
    EXPECT_GT(journal.begin(transaction, header_for("")).value(), run);
}

TEST_F(Journal, KnowsNoSecondRunOfAnOrderAndNoStepOfNoRun) {
    auto transaction = store->begin().value();
    ASSERT_TRUE(store->journal().begin(transaction, header_for("o-1")).has_value());
    EXPECT_TRUE(store->journal().begin(transaction, header_for("o-1")).has_error());
    EXPECT_TRUE(store->journal().begin_step(transaction, 99, {1, "file.install", Value{}, {}}).has_error());
}

}  // namespace
}  // namespace agent
