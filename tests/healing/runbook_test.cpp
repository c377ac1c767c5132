#include "healing/runbook.hpp"

#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

class Runbooks : public ::testing::Test {
protected:
    testing::TemporaryDirectory folder;
    RunbookCatalogue::Outcome load(const std::string& text) {
        folder.write("one.yaml", text);
        return RunbookCatalogue::load(folder.path());
    }
    static std::string head() { return "id: RB-A\nname: a\ndescription: a\ndisruptive: false\nsteps:\n"; }
};

TEST_F(Runbooks, LoadsEveryShippedOne) {
    const auto loaded = RunbookCatalogue::load(std::filesystem::path{TEST_SOURCE_DIR} / "runbooks");
    for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
    const struct {
        const char* id;
        bool changes, disruptive, rolls_back;
    } shipped[] = {{"RB-AV-001", true, false, false},     {"RB-BACKUP-001", true, false, false},
                   {"RB-BANNER-001", true, false, true},  {"RB-CHECK-001", false, false, false},
                   {"RB-DIAG-001", false, false, false},  {"RB-ENCRYPTION-001", false, false, false},
                   {"RB-FIREWALL-001", true, true, true}, {"RB-LOG-001", true, false, false},
                   {"RB-PATCH-001", true, true, true},    {"RB-PATCH-002", true, true, true},
                   {"RB-RESTORE-001", true, false, true}, {"RB-SERVICE-001", true, true, false},
                   {"RB-TIME-001", true, false, false}};
    for (const auto& expected : shipped) {
        const auto* runbook = loaded.catalogue.find(RunbookId{expected.id});
        ASSERT_NE(runbook, nullptr) << expected.id;
        EXPECT_EQ(runbook->changes_host(), expected.changes) << expected.id;
        EXPECT_EQ(runbook->disruptive, expected.disruptive) << expected.id;
        EXPECT_EQ(runbook->can_roll_back(), expected.rolls_back) << expected.id;
        // A drift asks nobody for parameters.
        EXPECT_TRUE(!runbook->repairs || runbook->parameters.check(Value{Value::Object{}}).has_value()) << expected.id;
    }
    EXPECT_EQ(loaded.catalogue.all().size(), std::size(shipped));
    const auto& service = loaded.catalogue.find(RunbookId{"RB-SERVICE-001"})->parameters;
    EXPECT_TRUE(service.check(Value::object({{"unit", "ssh.service"}})).has_value());
    EXPECT_TRUE(service.check(Value::object({{"unit", "compliance-agent.service"}})).has_error());
}

TEST_F(Runbooks, KeepsTheDigestOfItsBytesAndWhatItSays) {
    const std::string text =
        "id: RB-A\nname: a name\ndescription: what\nrepairs: motd\nseverity: high\ndisruptive: true\n"
        "controls: {hipaa: [\"164.312(b)\"], nist_800_53: [AU-2]}\n"
        "preconditions: [time_sync]\nverify: [patching, encryption]\nlimits: {cooldown: 1h, max_per_day: 2}\n"
        "steps:\n  - {action: unit.restart, unit: ssh.service}\n";
    const auto loaded = load(text);
    ASSERT_TRUE(loaded.faults.empty());
    const auto& runbook = *loaded.catalogue.all().at(0);
    EXPECT_EQ(runbook.sha256, sha256_hex(text));
    EXPECT_EQ(runbook.repairs, CheckName{"motd"});
    EXPECT_EQ(runbook.severity, Severity::high);
    EXPECT_TRUE(runbook.disruptive);
    EXPECT_EQ(runbook.preconditions, std::vector<CheckName>{CheckName{"time_sync"}});
    EXPECT_EQ(runbook.verify.size(), 2U);
    EXPECT_EQ(runbook.cooldown, Duration{std::chrono::hours{1}});
    EXPECT_EQ(runbook.most_per_day, 2);
    EXPECT_EQ(runbook.controls.nist_800_53, std::vector<std::string>{"AU-2"});
}

struct Wrong {
    std::string text;
    int line;
    const char* key;
    const char* why;
};

TEST_F(Runbooks, NamesLineAndKeyOfEachFault) {
    const std::string read_only = "id: RB-A\nname: a\ndescription: a\nsteps:\n";
    const std::vector<Wrong> table{
        {"id: rb-a\nname: a\ndescription: a\nsteps: [{action: check.run, checks: all}]\n", 1, "id", "must be RB-"},
        {"name: a\ndescription: a\nsteps: [{action: check.run, checks: all}]\n", 1, "id", "missing"},
        {head() + "  - {action: unit.restart, unit: a.service}\nconfirm: {within: 5m}\n", 7, "confirm",
         "must have an undo"},
        {head() + "  - {action: file.install, path: /a, mode: \"0644\", content: a}\nconfirm: {within: 1s}\n", 7,
         "confirm.within", "5s"},
        {head() + "  - {action: unit.restart, unit: a.service}\nlimits: {per_day: 1}\n", 7, "limits.per_day",
         "unknown"},
        {head() + "  - {action: unit.restart, unit: a.service}\nverify: [\"a b\"]\n", 7, "verify", "name of a check"},
        {read_only + "  - {action: check.run, checks: all}\nseverty: low\n", 6, "severty",
         "did you mean \"severity\"?"},
        {read_only + "  - {action: check.run, checks: all}\nseverity: bad\n", 6, "severity", "not one of"},
        {read_only + "  - {action: check.run, checks: all}\nrepairs: \"a b\"\n", 6, "repairs",
         "not the name of a check"},
        {"id: RB-A\nname: a\ndescription: a\n", 1, "steps", "missing"},
        {"id: RB-A\nname: a\ndescription: a\nsteps: []\n", 4, "steps", "1 to 64"},
        {read_only + "  - {action: command.run, argv: [/bin/true]}\n", 1, "disruptive", "missing; it changes the host"},
        {head() + "  - {action: file.instal}\n", 6, "steps[1].action", "did you mean \"file.install\"?"},
        {head() + "  - {checks: all}\n", 6, "steps[1].action", "missing"},
        {head() + "  - nothing\n", 6, "steps[1]", "must be a map"},
        {head() + "  - {action: check.run}\n", 6, "steps[1].checks", "missing"},
        {head() + "  - {action: check.run, checks: some}\n", 6, "steps[1].checks", "write all"},
        {head() + "  - {action: check.run, checks: []}\n", 6, "steps[1].checks", "is empty"},
        {head() + "  - {action: file.install, path: /a, mode: \"0644\"}\n", 6, "steps[1].content", "missing"},
        {head() + "  - {action: file.install, path: /a, mode: 0644, content: x}\n", 6, "steps[1].mode", "in quotes"},
        {head() + "  - {action: file.install, path: /a, mode: \"0648\", content: x}\n", 6, "steps[1].mode", "octal"},
        {head() + "  - {action: file.install, path: a, mode: \"0644\", content: x}\n", 6, "steps[1].path", "absolute"},
        {head() + "  - {action: file.install, path: /a/../b, mode: \"0644\", content: x}\n", 6, "steps[1].path", ".."},
        {head() + "  - {action: file.install, path: /a, mode: \"0644\", content: x, own: root}\n", 6, "steps[1].own",
         "unknown key"},
        {head() + "  - {action: unit.restart, unit: ssh}\n", 6, "steps[1].unit", "ssh"},
        {head() + "  - {action: unit.restart, unit: ssh.service, timeout: 1h}\n", 6, "steps[1].timeout",
         "out of range"},
        {head() + "  - {action: unit.start}\n", 6, "steps[1].unit", "missing"},
        {head() + "  - {action: unit.stop, unit: ssh.service, now: true}\n", 6, "steps[1].now", "unknown key"},
        {head() + "  - {action: unit.enable, unit: ssh.service, now: soon}\n", 6, "steps[1].now", "true or false"},
        {head() + "  - {action: command.run, argv: []}\n", 6, "steps[1].argv", "is empty"},
        {head() + "  - {action: command.run, argv: [ls]}\n", 6, "steps[1].argv", "fixed absolute path"},
        {head() + "  - {action: command.run, argv: [\"/bin/{{ params.x }}\"]}\n", 6, "steps[1].argv", "fixed absolute"},
        {head() + "  - {action: command.run, argv: [/bin/ls, \"{{ params.x }}\"]}\n", 6, "steps[1].argv",
         "no parameter \"x\""},
        {head() + "  - {action: command.run, argv: [/bin/ls, \"{{ baseline }}\"]}\n", 6, "steps[1].argv",
         "a marker is not"},
        {head() + "  - {action: command.run, argv: [/bin/ls, \"{{ steps.1.output }}\"]}\n", 6, "steps[1].argv",
         "not before this one"},
        {head() + "  - {action: check.run, checks: all}\n  - {action: unit.stop, unit: \"{{ steps.1.output }}\"}\n", 7,
         "steps[2].unit", "step 1 is check.run and has no output"},
        {head() + "  - {action: command.run, argv: [ls]}\n  - {action: unit.stop, unit: \"{{ steps.1.output }}\"}\n", 6,
         "steps[1].argv", "fixed absolute"},
        {head() + "  - {action: command.run, argv: [/bin/ls], expect_status: [256]}\n", 6, "steps[1].expect_status",
         "0 to 255"},
        {head() + "  - {action: command.run, argv: [/bin/ls], changes: perhaps}\n", 6, "steps[1].changes",
         "true or false"},
        {head() + "  - {action: unit.restart, unit: a.service}\nrollback: []\n", 7, "rollback", "1 to 64"},
        {head() + "  - {action: unit.restart, unit: a.service}\nrollback:\n  - {action: check.run, checks: all}\n", 8,
         "rollback[1].action", "not one of"},
        {head() + "  - {action: unit.restart, unit: a.service}\nrollback:\n  - {action: unit.restart, unit: a}\n", 8,
         "rollback[1].unit", "no unit name"},
        {head() + "  - {action: unit.restart, unit: a.service}\nrollback:\n"
                  "  - {action: command.run, argv: [/bin/ls, \"{{ params.x }}\"]}\n",
         8, "rollback[1].argv", "no parameter \"x\""},
        {head() + "  - {action: unit.restart, unit: a.service}\nrollback:\n"
                  "  - {action: command.run, argv: [/bin/ls], changes: false}\n",
         8, "rollback[1].action", "takes nothing back"},
        {read_only + "  - {action: check.run, checks: all}\nrollback:\n  - {action: unit.restart, unit: a.service}\n",
         6, "rollback", "no step changes the host"},
        {head() + "  - {action: alert}\n", 6, "steps[1].message", "missing"},
        {head() + "  - {action: backup.run}\n", 6, "steps[1].paths", "missing"},
        {head() + "  - {action: backup.run, paths: [etc]}\n", 6, "steps[1].paths", "absolute"},
        {head() + "  - {action: backup.run, paths: [/a/../b]}\n", 6, "steps[1].paths", ".."},
        {head() + "  - {action: backup.run, unit: a.service, label: x}\n", 6, "steps[1].label", "without `unit`"},
        {head() + "  - {action: backup.run, unit: a}\n", 6, "steps[1].unit", "no unit name"},
        {head() + "  - {action: backup.run, paths: [/a], timeout: 13h}\n", 6, "steps[1].timeout", "out of range"},
        {head() + "  - {action: backup.restore_test, paths: [/a], sample: 3}\n", 6, "steps[1].sample",
         "without `paths`"},
        {head() + "  - {action: backup.restore_test, max_mib: 257}\n", 6, "steps[1].max_mib", "257"},
    };
    for (const auto& row : table) {
        const auto loaded = load(row.text);
        EXPECT_TRUE(loaded.catalogue.all().empty()) << row.text;
        ASSERT_EQ(loaded.faults.size(), 1U) << row.text;
        EXPECT_EQ(loaded.faults[0].line, row.line) << row.text;
        EXPECT_EQ(loaded.faults[0].key, row.key) << row.text;
        EXPECT_THAT(loaded.faults[0].text, HasSubstr(row.why)) << row.text;
        EXPECT_EQ(loaded.faults[0].file, (folder.path() / "one.yaml").string());
    }
}

TEST_F(Runbooks, AreRefusedWhereTheyStartAProgramThatIsNotAllowed) {
    const auto steps = [](const std::string& programs) {
        return "name: a\ndescription: a\ndisruptive: false\nsteps:\n" + programs;
    };
    folder.write("a.yaml", "id: RB-A\n" + steps("  - {action: check.run, checks: all}\n"));
    folder.write("b.yaml", "id: RB-B\n" + steps("  - {action: command.run, argv: [/bin/true]}\n"));
    folder.write("c.yaml", "id: RB-C\n" + steps("  - {action: command.run, argv: [/bin/true]}\n"
                                                "  - {action: command.run, argv: [/bin/false], changes: false}\n"));
    folder.write("d.yaml", "id: RB-D\n" + steps("  - {action: command.run, argv: [/bin/true]}\n"
                                                "rollback:\n  - {action: command.run, argv: [/bin/cp]}\n"));
    const auto allowing = [this](const std::vector<std::string>& allowed) {
        auto catalogue = RunbookCatalogue::load(folder.path()).catalogue;
        catalogue.allow_programs(allowed, "agent.yaml");
        std::string ids;
        for (const auto& runbook : catalogue.all()) ids += runbook->id.str() + ' ';
        for (const auto& refused : catalogue.refused()) EXPECT_EQ(catalogue.find(refused.id), nullptr);
        return ids;
    };
    EXPECT_EQ(allowing({"*"}), "RB-A RB-B RB-C RB-D ");
    EXPECT_EQ(allowing({"/bin/false", "/bin/true"}), "RB-A RB-B RB-C ");
    EXPECT_EQ(allowing({"/bin/true"}), "RB-A RB-B ");
    EXPECT_EQ(allowing({"/bin", "/bin/tru", "/bin/true/", "true", "/usr/bin/true"}), "RB-A ");
    EXPECT_EQ(allowing({}), "RB-A ");

    auto catalogue = RunbookCatalogue::load(folder.path()).catalogue;
    catalogue.allow_programs({"/bin/true"}, "agent.yaml");
    ASSERT_NE(catalogue.why_refused(RunbookId{"RB-C"}), nullptr);
    EXPECT_EQ(catalogue.why_refused(RunbookId{"RB-C"})->to_string(),
              (folder.path() / "c.yaml").string() +
                  ":7: steps[2].argv: /bin/false is not among the programs that agent.yaml allows in healing.commands");
    EXPECT_EQ(catalogue.why_refused(RunbookId{"RB-B"}), nullptr);
}

TEST_F(Runbooks, NameUnderRollbackNothingThatAStepPrints) {
    const auto loaded = load(head() +
                             "  - {action: command.run, argv: [/bin/true]}\nrollback:\n"
                             "  - {action: command.run, argv: [/bin/true]}\n"
                             "  - {action: command.run, argv: [/bin/echo, \"{{ steps.1.output }}\"]}\n");
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_EQ(loaded.faults.front().key, "rollback[2].argv");
    EXPECT_THAT(loaded.faults.front().to_string(), HasSubstr("steps.1.output"));
}

TEST_F(Runbooks, CanBeConfirmedWhereARollbackTakesBackWhatHasNoUndo) {
    const std::string lines = head() + "  - {action: unit.restart, unit: a.service}\nconfirm: {within: 5m}\n";
    const auto loaded = load(lines + "rollback:\n  - {action: unit.restart, unit: a.service}\n");
    for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
    ASSERT_EQ(loaded.catalogue.all().size(), 1U);
    EXPECT_TRUE(loaded.catalogue.all().front()->can_roll_back());
    EXPECT_EQ(loaded.catalogue.all().front()->rollback.size(), 1U);
    EXPECT_EQ(loaded.catalogue.all().front()->steps.size(), 1U);
}

TEST_F(Runbooks, TellsAllFaultsOfAFileAtOnce) {
    const auto loaded = load("id: x\nnam: a\nsteps:\n  - {action: check.run}\n  - {action: no}\n");
    EXPECT_EQ(loaded.faults.size(), 6U);  // id, nam, name, description, two steps
}

TEST_F(Runbooks, LeavesOutTheFaultyOneAndTheSecondOfAnId) {
    const std::string good = "name: a\ndescription: a\nsteps: [{action: check.run, checks: all}]\n";
    folder.write("a.yaml", "id: RB-A\n" + good);
    folder.write("below/b.yaml", "id: RB-B\n" + good);
    folder.write("c.yaml", "id: RB-A\n" + good);
    folder.write("d.yaml", "id: [\n");
    folder.write("README.md", "no runbook");
    folder.write(".a.yaml", "id: [\n");
    folder.write(".git/e.yaml", "id: [\n");
    const auto loaded = RunbookCatalogue::load(folder.path());
    ASSERT_EQ(loaded.catalogue.all().size(), 2U);
    EXPECT_EQ(loaded.catalogue.find(RunbookId{"RB-A"})->file, folder.path() / "a.yaml");
    EXPECT_NE(loaded.catalogue.find(RunbookId{"RB-B"}), nullptr);
    EXPECT_EQ(loaded.catalogue.find(RunbookId{"RB-C"}), nullptr);
    ASSERT_EQ(loaded.faults.size(), 2U);
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("RB-A is already the id of"));
    EXPECT_EQ(loaded.faults[1].file, (folder.path() / "d.yaml").string());
}

TEST_F(Runbooks, SaysThatTheFolderIsMissing) {
    const auto loaded = RunbookCatalogue::load(folder.path() / "none");
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("cannot list the runbooks"));
}

}  // namespace
}  // namespace agent
