#include "drift/custom/unit_check.hpp"

#include "drift/baseline.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::FakeUnits;
using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

class UnitChecks : public ::testing::Test, public testing::CheckGround {
protected:
    UnitChecks() {
        baseline.common.name = CheckName{"ssh-runs"};
        baseline.common.severity = Severity::medium;
        baseline.unit = "ssh.service";
    }
    CheckReport look_now() { return look(std::make_shared<UnitCheck>(baseline)); }
    void unit_is(const std::string& active, const std::string& file) {
        auto unit = FakeUnits::with_state(active, "x");
        unit.unit_file_state = file;
        units.units["ssh.service"] = unit;
    }
    UnitBaseline baseline;
};

TEST_F(UnitChecks, JudgeWhetherItRunsAndWhetherItStartsAtBootEachByItself) {
    baseline.active = true;
    baseline.enabled = "true";
    unit_is("active", "enabled");
    EXPECT_EQ(look_now().result, CheckResult::pass);
    unit_is("active", "disabled");
    EXPECT_EQ(results_of(look_now()),
              (std::map<std::string, CheckResult>{{"active", CheckResult::pass}, {"enabled", CheckResult::drift}}));
    unit_is("failed", "enabled");
    const auto failed = look_now();
    EXPECT_EQ(failed.severity, Severity::medium);
    EXPECT_EQ(failed.reason, "ssh.service is failed (x), not active");
    EXPECT_EQ(finding_of(failed, "enabled").result, CheckResult::pass);
}

TEST_F(UnitChecks, AreFineWithAUnwantedUnitThatDoesNotExist) {
    baseline.active = false;
    baseline.enabled = "false";
    EXPECT_EQ(look_now().result, CheckResult::pass);
    unit_is("active", "masked");
    EXPECT_EQ(results_of(look_now()),
              (std::map<std::string, CheckResult>{{"active", CheckResult::drift}, {"enabled", CheckResult::pass}}));
    unit_is("inactive", "enabled-runtime");
    EXPECT_EQ(finding_of(look_now(), "enabled").result, CheckResult::drift);
}

TEST_F(UnitChecks, TakeAWordOfSystemdLiterally) {
    baseline.enabled = "masked";
    unit_is("inactive", "masked");
    EXPECT_EQ(look_now().result, CheckResult::pass);
    unit_is("inactive", "disabled");
    EXPECT_EQ(look_now().reason, "ssh.service is disabled, not masked");
    EXPECT_FALSE(results_of(look_now()).contains("active")) << "nobody asked";
}

TEST_F(UnitChecks, TellAUnitThatIsMissingFromOneWhoseConditionDoesNotHold) {
    baseline.active = true;
    EXPECT_EQ(look_now().reason, "ssh.service does not exist on this host");
    auto unit = FakeUnits::with_state("inactive", "dead");
    unit.condition_result = false;
    units.units["ssh.service"] = unit;
    EXPECT_THAT(look_now().reason, HasSubstr("a condition of the unit does not hold"));
}

TEST_F(UnitChecks, KeepCountersOutOfTheState) {
    baseline.active = true;
    unit_is("active", "enabled");
    const auto before = look_now();
    units.units["ssh.service"].restarts = 7;
    units.units["ssh.service"].invocation_id = "abc";
    EXPECT_EQ(look_now().state, before.state);
    EXPECT_NE(look_now().facts, before.facts);
}

TEST_F(UnitChecks, AreAnErrorWithoutAServiceManager) {
    baseline.active = false;
    baseline.enabled = "false";
    units.reachable = false;
    EXPECT_EQ(results_of(look_now()),
              (std::map<std::string, CheckResult>{{"active", CheckResult::error}, {"enabled", CheckResult::error}}));
}

TEST(UnitCheckKeys, ThatMakeNoSenseAreFaults) {
    const testing::TemporaryDirectory folder;
    const auto faults = [&](const std::string& keys) {
        const auto file =
            folder.write("baseline.yaml", "version: 1\ncustom:\n  - {name: x, kind: unit, " + keys + "}\n");
        return load_baseline(file).faults.size();
    };
    for (const char* sound :
         {"unit: ssh.service, active: true", "unit: a.timer, enabled: false", "unit: ssh.service, enabled: static"})
        EXPECT_EQ(faults(sound), 0U) << sound;
    for (const char* wrong : {"active: true", "unit: ssh, active: true", "unit: ssh.service",
                              "unit: ssh.service, active: running", "unit: ssh.service, enabled: enable"})
        EXPECT_EQ(faults(wrong), 1U) << wrong;
}

}  // namespace
}  // namespace agent
