// Storage prepared in a folder, judged by the real check; what a person is told of it.
#include <gmock/gmock.h>

#include "codec/json.hpp"
#include "drift/encryption/storage_tree.hpp"
#include "healing/luks_advice.hpp"
#include "healing/storage_ground.hpp"

namespace agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EncryptionReport : public ::testing::Test {
protected:
    void SetUp() override { baseline.common.name = CheckName{"encryption"}; }
    EvidenceDraft heal() {
        storage.declare(std::make_shared<EncryptionCheck>(baseline, tree.host()));
        return storage.apply(storage.shipped("RB-ENCRYPTION-001"));
    }
    testing::CheckGround ground;
    testing::StorageTree tree{ground.folder};
    testing::StorageGround storage{ground};
    EncryptionBaseline baseline;
};

TEST_F(EncryptionReport, TellsAPersonTheCommandsAndClaimsNoRepair) {
    tree.disk("sda");
    tree.partition("sda", "sda2");
    tree.partition("sda", "sda3");
    tree.mount("/", "sda2");
    tree.swap("/dev/sda3");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::alert);
    EXPECT_EQ(draft.result, CheckResult::drift);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("encryption needs a person: 2 findings"));
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the check encryption says drift"));
    EXPECT_EQ(draft.pre_state, draft.post_state);
    const auto& told = draft.action_taken.at(0);
    EXPECT_EQ(told.result, "done");
    EXPECT_THAT(told.output_head, HasSubstr("WARNING: a mistake or a power failure here loses all data of /."));
    EXPECT_THAT(told.output_head, HasSubstr("rescue system"));
    EXPECT_THAT(told.output_head,
                HasSubstr("\ncryptsetup reencrypt --encrypt --type luks2 --reduce-device-size 32M /dev/sda2\n"));
    EXPECT_THAT(told.output_head, HasSubstr("\nswapoff /dev/sda3\n"));
    EXPECT_TRUE(storage.journal.steps.empty()) << "nothing was going to be changed";
}

TEST_F(EncryptionReport, HasNothingToTellWhereAllIsEncrypted) {
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-PLAIN-crypt");
    tree.mount("/", "dm-0");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
}

CheckReport report_with(std::string condition, CheckResult result, Value facts) {
    CheckReport report;
    Finding finding;
    finding.condition = std::move(condition);
    finding.result = result;
    finding.reason = "its reason";
    report.facts.set(finding.condition, std::move(facts));
    report.findings.push_back(std::move(finding));
    return report;
}

TEST(EncryptionAdvice, NamesTheDeviceOfEachKindOfFinding) {
    const auto xfs = advise_on_encryption(
        report_with("mount:/srv", CheckResult::drift, Value::object({{"source", "/dev/vg/srv"}, {"type", "xfs"}})));
    EXPECT_THAT(xfs.at(0).lines, Contains("umount /srv"));
    EXPECT_THAT(xfs.at(0).lines, Contains("cryptsetup luksFormat --type luks2 /dev/vg/srv"));
    EXPECT_THAT(xfs.at(0).lines, Contains(HasSubstr("This ERASES it")));
    EXPECT_THAT(xfs.at(0).lines, Not(Contains(HasSubstr("reencrypt"))));
    const auto weak = advise_on_encryption(
        report_with("luks:home", CheckResult::drift, Value::object({{"device", "/dev/sdb1"}, {"version", 1}})));
    EXPECT_THAT(weak.at(0).lines, Contains("cryptsetup convert /dev/sdb1 --type luks2"));
    EXPECT_THAT(weak.at(0).lines, Contains("cryptsetup luksConvertKey --pbkdf argon2id --key-slot <number> /dev/sdb1"));
    const auto absent = advise_on_encryption(report_with("volume:data", CheckResult::drift, Value{}));
    EXPECT_THAT(absent.at(0).lines, Contains("cryptsetup open <the device> data"));
    const auto unknown = advise_on_encryption(report_with("mount:/", CheckResult::error, Value{}));
    EXPECT_THAT(unknown.at(0).lines, Contains(HasSubstr("could not be looked at")));
    EXPECT_THAT(advise_on_encryption(report_with("mount:/", CheckResult::pass, Value{})), IsEmpty());
}

// A label of a stick that somebody put in must not become a command of whoever pastes it.
TEST(EncryptionAdvice, QuotesWhatIsPastedIntoAShell) {
    const auto advice = advise_on_encryption(report_with("swap:/dev/x; reboot '", CheckResult::drift, Value{}));
    EXPECT_THAT(advice.at(0).lines, Contains(R"(swapoff '/dev/x; reboot '\''')"));
}

TEST_F(EncryptionReport, IsOnlyPartOfARunThatAlertsInWordsOfItsOwn) {
    tree.disk("sda");
    tree.mount("/", "sda");
    storage.declare(std::make_shared<EncryptionCheck>(baseline, tree.host()));
    const auto alone = storage.apply(storage.runbook("steps:\n  - {action: alert, message: Call the vendor.}\n"));
    EXPECT_EQ(alone.outcome, Outcome::alert);
    EXPECT_EQ(alone.error, "Call the vendor.");
    const auto file = (ground.folder.path() / "file").native();
    const auto undone =
        storage.apply(storage.runbook("repairs: encryption\nsteps:\n  - {action: alert, message: Call the vendor.}\n"
                                      "  - {action: file.install, path: " +
                                      file + ", mode: \"0644\", content: x}\n"));
    EXPECT_EQ(undone.outcome, Outcome::reverted) << "what was changed and did not help is put back";
    EXPECT_FALSE(std::filesystem::exists(file));
    const auto broken =
        storage.apply(storage.runbook("steps:\n  - {action: alert, message: Call.}\n  - {action: command.run, argv: "
                                      "[/bin/false], changes: false}\n"));
    EXPECT_EQ(broken.outcome, Outcome::failed) << "not all of its steps were done";
}

}  // namespace
}  // namespace agent
