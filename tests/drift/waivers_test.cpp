#include "drift/waivers.hpp"

#include <boost/asio/io_context.hpp>

#include "drift/report.hpp"
#include "drift/run_checks.hpp"
#include "host/posix_process_runner.hpp"
#include "support/fake_time.hpp"
#include "support/no_units.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WaivedDrift : public ::testing::Test {
protected:
    WaivedDrift() { settings.name = CheckName{"encryption"}; }
    CheckReport judged(std::vector<Waiver> waivers, WallTime now) {
        auto report = report_on(settings);
        report.findings = findings;
        apply_waivers(report, waivers, now);
        conclude(report, settings);
        return report;
    }
    static Waiver waiver(std::optional<std::string> condition) {
        return {CheckName{"encryption"}, std::move(condition), "moves in spring", "J. Doe", end, 3};
    }
    static constexpr WallTime end{Duration{1'000'000}};
    static constexpr WallTime before{Duration{999'999}};
    CheckSettings settings;
    std::vector<Finding> findings{
        fine("root", "encrypted", "encrypted"),
        drifted("swap", Severity::critical, "encrypted", "plain", "swap is plain"),
    };
};

TEST_F(WaivedDrift, ReadsAsWaivedAndSaysWhyByWhomAndUntilWhen) {
    const auto report = judged({waiver(std::nullopt)}, before);
    EXPECT_EQ(report.result, CheckResult::waived);
    EXPECT_FALSE(report.severity);
    EXPECT_EQ(report.reason, "waived until 1970-01-01T00:16:40.000Z by J. Doe: moves in spring (swap is plain)");
    const auto& told = report.facts.find("waivers")->array()->at(0);
    EXPECT_EQ(*told.find("approved_by")->string(), "J. Doe");
    EXPECT_TRUE(*told.find("in_force")->boolean());
    EXPECT_EQ(*told.find("covers")->integer(), 1);
}

TEST_F(WaivedDrift, IsADriftAgainAtTheVeryMomentTheWaiverEnds) {
    const auto report = judged({waiver(std::nullopt)}, end);
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_THAT(report.reason, HasSubstr("its waiver ended at 1970-01-01T00:16:40.000Z"));
    EXPECT_FALSE(*report.facts.find("waivers")->array()->at(0).find("in_force")->boolean());
}

TEST_F(WaivedDrift, OfOneConditionLeavesTheOthersAsTheyAre) {
    findings.push_back(drifted("data", Severity::high, "encrypted", "plain", "data is plain"));
    const auto report = judged({waiver("swap")}, before);
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_EQ(report.reason, "data is plain");
    EXPECT_NE(report.state.find("waived"), nullptr) << "its end is a change of state";
}

TEST_F(WaivedDrift, WhatCouldNotBeDeterminedIsNotWaived) {
    findings.push_back(undetermined("data", Severity::high, "encrypted", Error{Errc::system, "needs root"}));
    EXPECT_EQ(judged({waiver(std::nullopt)}, before).result, CheckResult::error);
}

TEST_F(WaivedDrift, AWaiverOfAnotherCheckIsNotSpokenOf) {
    auto other = waiver(std::nullopt);
    other.check = CheckName{"patching"};
    const auto report = judged({other}, before);
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.facts.find("waivers"), nullptr);
}

class WaiversInAFile : public ::testing::Test {
protected:
    BaselineOutcome load(const std::string& waivers) {
        const auto path = (folder.path() / "file").native();
        return load_baseline(folder.write("baseline.yaml", "version: 1\ncustom:\n- {name: f, kind: file, path: " +
                                                               path + ", present: false}\nwaivers:\n" + waivers));
    }
    testing::TemporaryDirectory folder;
};

TEST_F(WaiversInAFile, OfADayHoldToTheEndOfIt) {
    const auto loaded = load("- {check: f, justification: x, approved_by: y, expires: 2027-01-31}\n");
    ASSERT_THAT(loaded.faults, IsEmpty());
    EXPECT_EQ(format_rfc3339(loaded.baseline->waivers.at(0).expires), "2027-02-01T00:00:00.000Z");
}

TEST_F(WaiversInAFile, TellEverythingThatIsMissing) {
    const auto loaded = load("- {check: g, expires: soon, until: x}\n");
    std::vector<std::string> faults;
    for (const auto& fault : loaded.faults) faults.push_back(fault.to_string().substr(loaded.faults[0].file.size()));
    EXPECT_THAT(faults, ::testing::UnorderedElementsAre(
                            HasSubstr(":5: waivers[0].justification"), HasSubstr(":5: waivers[0].approved_by"),
                            HasSubstr(":5: waivers[0].expires: neither a day"), HasSubstr(":5: waivers[0].until"),
                            HasSubstr(":5: waivers: this baseline has no check \"g\"")));
}

TEST_F(WaiversInAFile, AreAppliedToARound) {
    const auto loaded = load(
        "- {check: f, justification: x, approved_by: y, expires: 2100-01-31}\n"
        "- {check: patching, condition: z, justification: x, approved_by: y, expires: 2100-01-31}\n");
    ASSERT_TRUE(loaded.baseline);
    folder.write("file", "");
    asio::io_context io;
    testing::FakeTime time;
    PosixProcessRunner runner{time};
    testing::NoUnits units;
    const auto ran =
        testing::run(io, run_checks(*loaded.baseline, {CheckName{"f"}},
                                    {time, runner, units, Duration{1000}, std::nullopt, nullptr, nullptr}));
    EXPECT_EQ(ran.value().at(0).report.result, CheckResult::waived);
}

}  // namespace
}  // namespace agent
