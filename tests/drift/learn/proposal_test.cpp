// The baseline as a whole that is proposed: valid, complete, the same every time, and open about its gaps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drift/report.hpp"
#include "support/learn_ground.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string switched_off =
    "version: 1\n"
    "checks: {patching: {enabled: false}, av_edr_health: {enabled: false}, backup_verification: {enabled: false},\n"
    "  logging_continuity: {enabled: false}, firewall_baseline: {enabled: false}, encryption: {enabled: false},\n"
    "  time_sync: {enabled: false}}\n";

// Learns what the test says, or never.
class ScriptedCheck final : public Check {
public:
    explicit ScriptedCheck(Learnt learnt, Duration pause = Duration{0}) : learnt_{std::move(learnt)}, pause_{pause} {
        settings_.name = CheckName{"time_sync"};
    }
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return settings_; }
    [[nodiscard]] Task<CheckReport> look(CheckTools&, std::string&) const override { co_return report_on(settings_); }
    [[nodiscard]] std::string explain() const override { return {}; }
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override {
        AGENT_CO_TRY(co_await tools.time.sleep_for(pause_));
        co_return learnt_;
    }

private:
    CheckSettings settings_;
    Learnt learnt_;
    Duration pause_;
};

Learnt saying(std::string lines) {
    Learnt learnt;
    learnt.from = "a test";
    learnt.lines = std::move(lines);
    return learnt;
}

class Proposals : public ::testing::Test {
protected:
    void baseline_is(const std::string& text) {
        written = parse_yaml(text, ground.folder.path() / "baseline.yaml").value();
        auto read = read_baseline(written);
        ASSERT_TRUE(read.baseline) << read.faults.front().to_string();
        baseline = std::move(*read.baseline);
    }
    void only_check_is(Learnt learnt, Duration pause = Duration{0}) {
        written = parse_yaml(std::string{built_in_text}, ground.folder.path() / "baseline.yaml").value();
        baseline.checks = {std::make_shared<ScriptedCheck>(std::move(learnt), pause)};
    }
    Proposal learn(std::vector<CheckName> only = {}) {
        return testing::propose(ground, written, baseline, std::move(only)).value();
    }
    // What becomes of `text` once it is the baseline.
    std::map<std::string, CheckResult> results_under(const std::string& text) {
        const auto read = read_baseline(parse_yaml(text, ground.folder.path() / "learnt.yaml").value());
        RoundParts parts{ground.time, ground.processes, ground.units, Duration{20'000}, std::nullopt, nullptr, nullptr};
        std::map<std::string, CheckResult> results;
        const auto outcomes = testing::run(ground.io, run_checks(*read.baseline, {}, std::move(parts)));
        for (const auto& outcome : outcomes.value()) results[outcome.report.name.str()] = outcome.report.result;
        return results;
    }

    testing::CheckGround ground;
    YamlFile written;
    Baseline baseline;
};

TEST_F(Proposals, OfADriftedHostAreABaselineThatItPasses) {
    auto cron = testing::FakeUnits::with_state("failed", "failed");
    cron.unit_file_state = "enabled";
    ground.units.units["cron.service"] = cron;
    const auto banner = ground.folder.write("issue", "Authorised use only\n").native();
    baseline_is(switched_off + "custom:\n  - {name: banner, kind: file, path: " + banner +
                ", mode: \"0600\", sha256: " + std::string(64, 'a') +
                "}\n"
                "  - {name: gone, kind: file, path: " +
                banner +
                ".gone, mode: \"0600\"}\n"
                "  - {name: cron, kind: unit, unit: cron.service, active: true, enabled: false}\n"
                "  - {name: base, kind: package, package: base-files, version: \"0\"}\n"
                "  - {name: kernel, kind: sysctl, key: kernel.ostype, value: Minix}\n"
                "  - {name: proc, kind: mount, path: /proc, fstype: ext4, forbidden_options: [rw]}\n"
                "  - {name: roots, kind: user, uid_0: [nobody], account: root, shell: /bin/none}\n"
                "  - {name: tool, kind: command, argv: [/bin/sh, -c, \"echo yes; exit 3\"], output: \"no\"}\n");
    const auto before = results_under(written.bytes);
    ASSERT_EQ(before.size(), 8U);
    for (const auto& [name, result] : before) EXPECT_EQ(result, CheckResult::drift) << name;

    const auto proposal = learn();
    EXPECT_THAT(proposal.unknown, IsEmpty());
    const auto after = results_under(proposal.text);
    ASSERT_EQ(after.size(), 8U) << proposal.text;
    for (const auto& [name, result] : after) EXPECT_EQ(result, CheckResult::pass) << name << '\n' << proposal.text;
}

TEST_F(Proposals, AreTheSameTextEveryTimeAndOfThemselvesNothingNew) {
    baseline_is(switched_off + "custom:\n  - {name: passwd, kind: file, path: /etc/passwd, present: true}\n");
    const auto first = learn().text;
    EXPECT_EQ(learn().text, first);
    baseline_is(first);
    EXPECT_THAT(learn().text, Not(HasSubstr("before:")));
}

TEST_F(Proposals, SayWhatTheBaselineSaidBefore) {
    baseline_is(switched_off +
                "custom:\n  - {name: passwd, kind: file, path: /etc/passwd, mode: \"0777\", severity: low}\n");
    EXPECT_THAT(learn().text, AllOf(HasSubstr("\n  # before: mode: \"0777\"\n"), HasSubstr("\n    severity: low\n"),
                                    HasSubstr("\n    mode: \"0644\"\n")));
}

TEST_F(Proposals, TakeOverWhatCannotBeLearnt) {
    baseline_is(
        "version: 1\n"
        "checks: {patching: {lists_max_age: 5d, runbook: RB-PATCH}, av_edr_health: {enabled: false},\n"
        "  backup_verification: {kind: status_file, status_file: \"/srv/ba ck\", max_age: {high: 30h}},\n"
        "  logging_continuity: {enabled: false}, firewall_baseline: {enabled: false}, encryption: {enabled: false},\n"
        "  time_sync: {enabled: false}}\n"
        "waivers:\n"
        "  - {check: patching, justification: \"vendor: \\\"next week\\\"\", approved_by: A. Person, "
        "expires: 2027-01-01T00:00:00Z}\n");
    const auto proposal = learn();
    EXPECT_THAT(proposal.text, HasSubstr("# nothing to learn"));
    auto proposed = parse_yaml(proposal.text, "p.yaml").value().root;
    EXPECT_EQ(proposed.to_value(), written.root.to_value()) << proposal.text;
}

TEST_F(Proposals, HaveEverySectionWhereNoBaselineWasWritten) {
    only_check_is(saying("service: kernel\n"));
    const auto proposal = learn();
    const auto yaml = parse_yaml(proposal.text, "p.yaml");
    ASSERT_TRUE(yaml);
    EXPECT_EQ(yaml.value().root.find("checks")->members.size(), 7U);
    EXPECT_EQ(yaml.value().root.find("checks")->find("time_sync")->find("service")->text, "kernel");
}

TEST_F(Proposals, NameWhatCouldNotBeLearntAndKeepWhatWasExpected) {
    ground.units.reachable = false;
    baseline_is(switched_off + "custom:\n  - {name: cron, kind: unit, unit: cron.service, active: true}\n");
    const auto proposal = learn();
    EXPECT_THAT(proposal.unknown, ElementsAre("cron: no service manager runs here"));
    EXPECT_THAT(proposal.text, AllOf(HasSubstr("\n  # NOT LEARNT: no service manager runs here\n"),
                                     HasSubstr("\n    active: true\n")));
}

TEST_F(Proposals, LearnOnlyOfTheChecksThatAreNamed) {
    baseline_is(switched_off +
                "custom:\n"
                "  - {name: one, kind: file, path: /etc/passwd, mode: \"0777\"}\n"
                "  - {name: other, kind: file, path: /etc/group, mode: \"0777\"}\n");
    const auto text = learn({CheckName{"other"}}).text;
    EXPECT_THAT(text, AllOf(HasSubstr("\n    mode: \"0777\"\n"), HasSubstr("\n    mode: \"0644\"\n"),
                            HasSubstr("\n  # taken over as it was\n  - name: one\n")));
    const auto nobody = testing::propose(ground, written, baseline, {CheckName{"others"}});
    EXPECT_EQ(nobody.error().code(), Errc::not_found);
    EXPECT_THAT(nobody.error().message(), HasSubstr("did you mean \"other\""));
}

TEST_F(Proposals, DoNotWaitForACheckThatHangs) {
    only_check_is({}, Duration{600'000});
    const auto proposal = testing::propose(ground, written, baseline, {}, Duration{20}).value();
    EXPECT_THAT(proposal.unknown, ElementsAre(HasSubstr("time_sync: no answer within")));
}

TEST_F(Proposals, LetNoTextOfTheHostOutOfItsComment) {
    auto learnt = saying("service: kernel\n");
    learnt.remarks = {"a unit named\nwaivers: [x]\nand so on"};
    learnt.unknown = {std::string(300, 'x') + "\r\n- " + std::string(300, 'y')};
    only_check_is(std::move(learnt));
    const auto yaml = parse_yaml(learn().text, "p.yaml");
    ASSERT_TRUE(yaml);
    EXPECT_EQ(yaml.value().root.find("waivers"), nullptr);
}

TEST_F(Proposals, ThatCouldNotBeWrittenAreNot) {
    only_check_is(saying("service: [\n"));
    EXPECT_THAT(learn().unknown, ElementsAre(HasSubstr("cannot be written as YAML")));
    only_check_is(saying("no_such_key: 1\n"));
    const auto refused = testing::propose(ground, written, baseline);
    EXPECT_EQ(refused.error().code(), Errc::malformed);
    EXPECT_THAT(refused.error().message(), HasSubstr("no_such_key"));
}

}  // namespace
}  // namespace agent
