#pragma once
// Healing in a network namespace of the test's own: its packet filter and its settings are real, and nobody else's.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/handle.hpp"
#include "codec/json.hpp"
#include "drift/firewall/firewall_check.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {

class HealingInANamespace : public HealingTest {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "a network namespace needs root";
        if (::access(nft_program, X_OK) != 0) GTEST_SKIP() << "needs Debian's nftables";
        outside_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        // Of this thread and of the programs that it starts.
        if (::unshare(CLONE_NEWNET) != 0) {
            outside_.reset();
            GTEST_SKIP() << "no network namespace can be made here";
        }
    }
    void TearDown() override {
        if (!outside_.valid()) return;
        ASSERT_EQ(::setns(outside_.get(), CLONE_NEWNET), 0);
    }

    CommandExit execute(const std::string& program, std::vector<std::string> arguments) {
        Command command;
        command.program = program;
        command.arguments = std::move(arguments);
        command.head_limit = 8UL * 1024UL * 1024UL;
        return run(io, processes.run(std::move(command))).value();
    }
    std::string nft(std::vector<std::string> arguments) {
        const auto exit = execute(nft_program, std::move(arguments));
        EXPECT_EQ(exit.status, 0) << exit.standard_error.head;
        return exit.standard_output.head;
    }
    void load(const std::string& rules) { nft({"-f", folder.write("rules.nft", rules + '\n').native()}); }
    // Everything but counters and what elements have left.
    std::string filter() { return nft({"-s", "list", "ruleset"}); }

    // What is there now becomes the baseline, by way of a file as a person would keep it.
    void approve(const std::string& other_keys = "") {
        RoundFacts facts;
        CheckTools tools{processes, units, time, facts, std::nullopt};
        FirewallBaseline nothing;
        nothing.common.name = CheckName{"firewall_baseline"};
        const FirewallCheck check{nothing, FirewallHost{}};
        const auto learnt = run(io, check.learn(tools));
        ASSERT_TRUE(learnt) << learnt.error().message();
        use_baseline(other_keys + learnt.value().lines);
    }
    void use_baseline(const std::string& keys) {
        std::string text = "version: 1\nchecks:\n  firewall_baseline:\n";
        std::istringstream lines{keys};
        for (std::string line; std::getline(lines, line);) text += "    " + line + '\n';
        auto loaded = load_baseline(folder.write("baseline.yaml", text));
        ASSERT_TRUE(loaded.baseline) << loaded.faults.front().to_string() << '\n' << text;
        baseline = std::make_shared<Baseline>(*std::move(loaded.baseline));
    }
    // What the journal holds of a run of `runbook` that was cut short in `state`.
    OpenRun cut_short(const Runbook& runbook, RunState state) {
        static_cast<void>(apply(runbook));
        auto cut = std::exchange(journal.run, {});
        cut.header.runbook = runbook.id;
        cut.header.runbook_sha256 = runbook.sha256;
        cut.state = state;
        return cut;
    }

    static constexpr auto nft_program = "/usr/sbin/nft";

private:
    Descriptor outside_;
};

}  // namespace agent::testing
