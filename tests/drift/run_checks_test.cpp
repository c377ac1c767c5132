#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "async/system_time_source.hpp"
#include "drift/report.hpp"
#include "drift/run_checks.hpp"
#include "host/posix_process_runner.hpp"
#include "support/no_units.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Runs a real program and passes if it ends well.
class ProgramCheck final : public Check {
public:
    ProgramCheck(const char* name, std::string script, std::optional<Duration> limit) : script_{std::move(script)} {
        settings_.name = CheckName{name};
        settings_.timeout = limit;
    }
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return settings_; }
    [[nodiscard]] std::string explain() const override { return script_; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override {
        notes += "x";
        Command command;
        command.program = "/bin/sh";
        command.arguments.emplace_back("-c");
        command.arguments.push_back(script_);
        auto exit = co_await tools.processes.run(std::move(command));
        if (exit.has_error()) co_return std::move(exit).error();
        auto report = report_on(settings_);
        report.findings.push_back(fine("status", "0", std::to_string(exit.value().status)));
        conclude(report, settings_);
        co_return report;
    }

private:
    CheckSettings settings_;
    std::string script_;
};

class RunningChecks : public ::testing::Test {
protected:
    void add(const char* name, std::string script, std::optional<Duration> limit = std::nullopt) {
        baseline.checks.push_back(std::make_shared<ProgramCheck>(name, std::move(script), limit));
    }
    Result<std::vector<CheckOutcome>> run(std::vector<CheckName> only, Duration limit) {
        return testing::run(io, run_checks(baseline, std::move(only), parts(limit)));
    }
    RoundParts parts(Duration limit) {
        return {time,
                runner,
                units,
                limit,
                std::nullopt,
                [](const CheckName& name) { return name.str() + ":"; },
                [this](const CheckOutcome& outcome) { ended.push_back(outcome.report.name.str()); }};
    }
    asio::io_context io;
    SystemTimeSource time;
    PosixProcessRunner runner{time};
    testing::NoUnits units;
    Baseline baseline;
    std::vector<std::string> ended;
};

TEST_F(RunningChecks, GivesReportsInTheirOrderWithTimesAndNotes) {
    add("slow", "sleep 0.1");
    add("quick", "true");
    const auto outcomes = run({}, Duration{20'000}).value();
    ASSERT_THAT(outcomes, SizeIs(2));
    EXPECT_EQ(outcomes[0].report.name, CheckName{"slow"});
    EXPECT_EQ(outcomes[1].report.result, CheckResult::pass);
    EXPECT_EQ(outcomes[1].notes, "quick:x");
    EXPECT_TRUE(outcomes[1].notes_changed);
    EXPECT_GE(outcomes[0].report.ended - outcomes[0].report.started, Duration{100});
}

TEST_F(RunningChecks, AHungOneIsATimeOutAndDelaysNoOther) {
    testing::TemporaryDirectory folder;
    add("hung", "echo $$ > " + (folder.path() / "pid").native() + "; sleep 100", Duration{2'000});
    add("quick", "true");
    const auto outcomes = run({}, Duration{20'000}).value();
    EXPECT_EQ(outcomes[0].report.result, CheckResult::timeout);
    EXPECT_THAT(outcomes[0].report.reason, HasSubstr("no answer within"));
    EXPECT_EQ(outcomes[0].notes, "hung:") << "what it noted half-way is forgotten";
    EXPECT_FALSE(outcomes[0].notes_changed);
    EXPECT_EQ(outcomes[1].report.result, CheckResult::pass);
    EXPECT_LT(outcomes[1].report.ended, outcomes[0].report.ended);
    EXPECT_THAT(ended, ElementsAre("quick", "hung")) << "each is told of as it ends";
    pid_t pid{};
    std::ifstream{folder.path() / "pid"} >> pid;
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
}

TEST_F(RunningChecks, RunAllAtTheSameTime) {
    for (const char* name : {"a", "b", "c", "d"}) add(name, "sleep 0.5");
    const auto outcomes = run({}, Duration{20'000}).value();
    WallTime last_start = outcomes[0].report.started;
    for (const auto& outcome : outcomes) last_start = std::max(last_start, outcome.report.started);
    for (const auto& outcome : outcomes) EXPECT_LT(last_start, outcome.report.ended);
}

TEST_F(RunningChecks, OnlyThoseAskedForAndAnUnknownOneIsNamed) {
    add("patching", "true");
    add("banner", "true");
    EXPECT_THAT(run({CheckName{"banner"}}, Duration{20'000}).value(), SizeIs(1));
    const auto unknown = run({CheckName{"baner"}}, Duration{20'000});
    EXPECT_EQ(unknown.error().code(), Errc::not_found);
    EXPECT_THAT(unknown.error().message(), HasSubstr("did you mean \"banner\"?"));
}

TEST_F(RunningChecks, OfAnEmptyBaselineEndAtOnce) { EXPECT_THAT(run({}, Duration{1000}).value(), SizeIs(0)); }

TEST_F(RunningChecks, AStopReachesAllOfThemAndIsNoTimeOut) {
    add("one", "sleep 100");
    add("two", "sleep 100");
    std::optional<Error> error;
    asio::cancellation_signal stop;
    auto keep = [](const Baseline& all, RoundParts round, std::optional<Error>& out) -> asio::awaitable<void> {
        std::vector<CheckName> only;
        auto outcomes = co_await run_checks(all, std::move(only), std::move(round));
        if (outcomes.has_error()) out = std::move(outcomes).error();
    };
    asio::co_spawn(io, keep(baseline, parts(Duration{60'000}), error),
                   asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr& thrown) {
                       if (thrown) std::rethrow_exception(thrown);
                   }));
    io.run_for(std::chrono::milliseconds{200});
    stop.emit(asio::cancellation_type::terminal);
    io.run();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::cancelled);
}

}  // namespace
}  // namespace agent
