#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/step_unit_name.hpp"
#include "host/transient_unit.hpp"

namespace agent {
namespace {

TEST(AStepUnit, NamesTheProcessThatStartedItAndIsReadBack) {
    const StepUnit unit{{4711, 123456789}, 3, WhenOrphaned::ended};
    EXPECT_EQ(unit.name(), "compliance-agent-step-4711-123456789-3.service");
    const StepUnit whole{{4711, 123456789}, 3, WhenOrphaned::awaited};
    EXPECT_EQ(whole.name(), "compliance-agent-step-4711-123456789-3-whole.service");
    for (const auto& made : {unit, whole}) {
        const auto read = StepUnit::parse(made.name());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->owner, made.owner);
        EXPECT_EQ(read->serial, made.serial);
        EXPECT_EQ(read->when_orphaned, made.when_orphaned);
    }
}

TEST(AStepUnit, IsNoneOfAnyOtherName) {
    for (const auto* name :
         {"", "compliance-agent.service", "compliance-agent-step-.service", "compliance-agent-step-1-2.service",
          "compliance-agent-step-1-2-3.timer", "compliance-agent-step-1-2-3-.service",
          "compliance-agent-step-1-2-3-4.service", "compliance-agent-step-a-2-3.service",
          "compliance-agent-step-1-2-3-wholly.service", "compliance-agent-step-1--2-3.service",
          "compliance-agent-step-1-99999999999999999999999-3.service"})
        EXPECT_FALSE(StepUnit::parse(name)) << name;
}

TEST(AStepUnit, IsOrphanedOnceItsProcessIsGoneOrTheNumberIsAnothers) {
    const auto us = identity_of(::getpid());
    ASSERT_TRUE(us);
    EXPECT_FALSE((StepUnit{*us, 1, WhenOrphaned::ended}.is_orphaned()));
    EXPECT_TRUE((StepUnit{{us->number, us->started + 1}, 1, WhenOrphaned::ended}.is_orphaned()));
    constexpr pid_t no_process = 0x7FFFFFFF;
    EXPECT_FALSE(identity_of(no_process));
    EXPECT_TRUE((StepUnit{{no_process, 1}, 1, WhenOrphaned::ended}.is_orphaned()));
}

TEST(AStepUnit, IsOrphanedBeforeTheParentOfItsProcessHasAsked) {
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
    EXPECT_FALSE(identity_of(child));
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(TheEnvironmentFileOfAStepUnit, QuotesWhatSystemdWouldReadOtherwise) {
    Command command;
    command.environment = {"PLAIN=word", "BLANKS= a  b ", "ODD=\"q\" \\ $HOME `x` 'y' # z", "EMPTY=", "LINES=one\ntwo"};
    EXPECT_EQ(environment_file_of(command),
              "PLAIN=\"word\"\n"
              "BLANKS=\" a  b \"\n"
              "ODD=\"\\\"q\\\" \\\\ \\$HOME \\`x\\` 'y' # z\"\n"
              "EMPTY=\"\"\n"
              "LINES=\"one\ntwo\"\n");
}

}  // namespace
}  // namespace agent
