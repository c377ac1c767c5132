// What `runbook new` writes.
#include "healing/skeleton.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "healing/runbook.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

// As somebody does who takes the "#" away from every example.
std::string with_examples(const std::string& skeleton) {
    std::istringstream lines{skeleton};
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        const bool example = line.size() > 1 && line[0] == '#' && (line[1] != ' ' || line.starts_with("#  "));
        all += (example ? line.substr(1) : line) + '\n';
    }
    return all;
}

RunbookCatalogue::Outcome load(const std::string& text) {
    const testing::TemporaryDirectory folder;
    folder.write("one.yaml", text);
    return RunbookCatalogue::load(folder.path());
}

TEST(Skeleton, OfANameHasItsId) {
    EXPECT_EQ(runbook_id_of("firewall"), RunbookId{"RB-FIREWALL-001"});
    EXPECT_EQ(runbook_id_of("Disk-Space"), RunbookId{"RB-DISK-SPACE-001"});
    EXPECT_EQ(runbook_id_of("RB-FIREWALL-002"), RunbookId{"RB-FIREWALL-002"});
    EXPECT_EQ(runbook_id_of(std::string(57, 'x')), RunbookId{"RB-" + std::string(57, 'X') + "-001"});
    for (const std::string bad : {"", "a b", "../a", "a/b", "ä", "a_b", "a.b", "a\n"}) EXPECT_FALSE(runbook_id_of(bad));
    EXPECT_FALSE(runbook_id_of(std::string(58, 'x')));
}

TEST(Skeleton, IsSoundAndChangesNothing) {
    const auto loaded = load(runbook_skeleton(RunbookId{"RB-FIREWALL-001"}));
    for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
    const auto* runbook = loaded.catalogue.find(RunbookId{"RB-FIREWALL-001"});
    ASSERT_NE(runbook, nullptr);
    EXPECT_FALSE(runbook->changes_host());
}

TEST(Skeleton, IsSoundWithEveryExampleInIt) {
    const auto loaded = load(with_examples(runbook_skeleton(RunbookId{"RB-FIREWALL-001"})));
    for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
    ASSERT_EQ(loaded.catalogue.all().size(), 1U);
    const auto& runbook = *loaded.catalogue.all().front();
    EXPECT_EQ(runbook.steps.size(), 5U);
    EXPECT_EQ(runbook.rollback.size(), 1U);
    EXPECT_EQ(runbook.preconditions.size(), 1U);
    EXPECT_EQ(runbook.most_per_day, 2);
    EXPECT_EQ(runbook.parameters.parameters.size(), 2U);
    EXPECT_EQ(runbook.controls.nist_800_53, std::vector<std::string>{"CM-6"});
    EXPECT_TRUE(runbook.repairs);
    // A drift asks nobody for parameters.
    EXPECT_TRUE(runbook.parameters.check(Value{Value::Object{}}).has_value());
}

}  // namespace
}  // namespace agent
