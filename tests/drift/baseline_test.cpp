#include "drift/baseline.hpp"

#include "crypto/digest.hpp"
#include "drift/custom/file_check.hpp"
#include "drift/patching/patching_check.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
const T& the_check(const BaselineOutcome& outcome, const char* name) {
    return dynamic_cast<const T&>(*outcome.baseline->find(CheckName{name}));
}

class BaselineFile : public ::testing::Test {
protected:
    BaselineOutcome load(std::string_view text) { return load_baseline(folder.write("baseline.yaml", text)); }
    // "line key" of every fault.
    std::vector<std::string> faults_of(std::string_view text) {
        std::vector<std::string> places;
        for (const auto& fault : load(text).faults) places.push_back(std::to_string(fault.line) + " " + fault.key);
        return places;
    }
    std::string first_fault(std::string_view text) {
        const auto outcome = load(text);
        return outcome.faults.empty() ? "none" : outcome.faults.front().text;
    }
    testing::TemporaryDirectory folder;
};

TEST_F(BaselineFile, OfTwoLinesRunsTheBuiltInChecksWithTheirDefaults) {
    const auto outcome = load("version: 1\nchecks: {}\n");
    ASSERT_THAT(outcome.faults, IsEmpty());
    const auto& patching = the_check<PatchingCheck>(outcome, "patching").baseline();
    EXPECT_EQ(patching.pending_high, std::chrono::days{7});
    EXPECT_THAT(patching.common.controls.hipaa, ElementsAre("164.308(a)(5)(ii)(B)"));
    EXPECT_EQ(outcome.baseline->sha256, sha256_hex("version: 1\nchecks: {}\n"));
}

TEST_F(BaselineFile, SaysEverythingOfBothKinds) {
    const auto outcome = load(R"(version: 1
checks:
  patching: {enabled: true, lists_max_age: 4d, pending: {medium: 1d, high: 2d, critical: 3d}, runbook: RB-1, timeout: 90s}
custom:
  - name: login-banner
    kind: file
    path: /etc/issue.net
    sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
    mode: 0644
    owner: root
    group: "0"
    severity: low
    runbook: RB-2
    hipaa_controls: [x]
    nist_800_53: [y]
)");
    ASSERT_THAT(outcome.faults, IsEmpty());
    const auto& patching = the_check<PatchingCheck>(outcome, "patching").baseline();
    EXPECT_EQ(patching.lists_age_most, std::chrono::days{4});
    EXPECT_EQ(patching.pending_critical, std::chrono::days{3});
    EXPECT_EQ(patching.common.runbook, RunbookId{"RB-1"});
    EXPECT_EQ(patching.common.timeout, Duration{90'000});
    const auto& file = the_check<FileCheck>(outcome, "login-banner").baseline();
    EXPECT_EQ(file.common.name, CheckName{"login-banner"});
    EXPECT_EQ(file.mode, 0644U);
    EXPECT_EQ(file.group, "0");
    EXPECT_EQ(file.common.severity, Severity::low);
    EXPECT_THAT(file.common.controls.nist_800_53, ElementsAre("y"));
}

TEST_F(BaselineFile, LeavesOutWhatIsNotEnabled) {
    const auto outcome = load("version: 1\nchecks: {patching: {enabled: false}}\n");
    EXPECT_EQ(outcome.baseline->find(CheckName{"patching"}), nullptr);
}

TEST_F(BaselineFile, TellsAllItsFaultsAtOnceWithLineAndKey) {
    EXPECT_THAT(faults_of(R"(version: 2
checks:
  patching:
    lists_max_agee: 3d
    pending: {medium: 9d, high: 7d}
  nonsense: {}
custom:
  - name: Login
    kind: file
    path: etc/issue
    mode: "0999"
  - name: login
    kind: fil
  - kind: file
    path: /x
)"),
                ElementsAre("1 version", "4 checks.patching.lists_max_agee", "5 checks.patching.pending",
                            "6 checks.nonsense", "8 custom[0].name", "10 custom[0].path", "11 custom[0].mode",
                            "13 custom[1].kind", "14 custom[2].name", "15 custom[2].path"));
}

TEST_F(BaselineFile, NamesTheKeyThatWasMeant) {
    EXPECT_THAT(first_fault("version: 1\nchecks: {patchin: {}}\n"), HasSubstr("did you mean \"patching\"?"));
}

TEST_F(BaselineFile, RefusesTheNameOfABuiltInCheckAndANameTwice) {
    EXPECT_THAT(first_fault("version: 1\ncustom: [{name: encryption, kind: file, path: /x, present: true}]\n"),
                HasSubstr("built-in"));
    EXPECT_THAT(first_fault("version: 1\ncustom:\n- {name: a, kind: file, path: /x, present: true}\n"
                            "- {name: a, kind: file, path: /y, present: true}\n"),
                HasSubstr("another check is named a"));
}

TEST_F(BaselineFile, RefusesAFileThatMustNotExistAndYetHaveAMode) {
    EXPECT_THAT(first_fault("version: 1\ncustom: [{name: a, kind: file, path: /x, present: false, mode: '0600'}]\n"),
                HasSubstr("must not exist"));
}

TEST_F(BaselineFile, HealsADriftOnlyByARunbookThatItNames) {
    EXPECT_THAT(first_fault("version: 1\ncustom: [{name: a, kind: file, path: /x, present: true, heal: enforce}]\n"),
                HasSubstr("needs `runbook`"));
    EXPECT_THAT(first_fault("version: 1\nchecks: {patching: {heal: always, runbook: RB-1}}\n"),
                HasSubstr("not one of off, dry_run, enforce"));
}

TEST_F(BaselineFile, SaysWhatIsMissingWhereItIsEmptyOrNotThere) {
    EXPECT_THAT(first_fault(""), HasSubstr("version: 1"));
    EXPECT_THAT(load_baseline(folder.path() / "none.yaml").faults.at(0).text, HasSubstr("o such file"));
    EXPECT_FALSE(load_baseline(folder.path() / "none.yaml").baseline);
}

TEST(ShippedBaseline, HasNoFaults) {
    const auto outcome = load_baseline(TEST_SOURCE_DIR "/config/baseline.yaml");
    EXPECT_THAT(outcome.faults, IsEmpty());
    EXPECT_NE(outcome.baseline->find(CheckName{"account-database"}), nullptr);
}

}  // namespace
}  // namespace agent
