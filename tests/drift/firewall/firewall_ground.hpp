#pragma once
// The firewall check on programs of a test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "drift/baseline.hpp"
#include "drift/firewall/firewall_check.hpp"
#include "support/check_ground.hpp"

namespace agent::testing {

// Programs of this test's own stand in place of the system's.
class FirewallCheckOnPrograms : public ::testing::Test {
protected:
    FirewallCheckOnPrograms() {
        host.folders = {ground.folder.path()};
        host.proc_net = ground.folder.path() / "net";
        baseline.common.name = CheckName{"firewall_baseline"};
        baseline.common.controls = {{"164.312(a)(1)"}, {"SC-7"}};
        baseline.common.severity = Severity::high;
    }
    [[nodiscard]] std::shared_ptr<const FirewallCheck> check() const {
        return std::make_shared<FirewallCheck>(baseline, host);
    }
    [[nodiscard]] CheckReport look() { return ground.look(check()); }
    [[nodiscard]] Result<Learnt> learn() {
        RoundFacts facts;
        CheckTools tools{ground.processes, ground.units, ground.time, facts, std::nullopt};
        return testing::run(ground.io, check()->learn(tools));
    }
    // What is there now becomes the baseline, by way of a file as a person would keep it.
    void approve(const std::string& other_keys = "") {
        const auto learnt = learn();
        ASSERT_TRUE(learnt) << learnt.error().message();
        std::string text = "version: 1\nchecks:\n  firewall_baseline:\n";
        std::istringstream lines{other_keys + learnt.value().lines};
        for (std::string line; std::getline(lines, line);) text += "    " + line + '\n';
        const auto loaded = load_baseline(ground.folder.write("baseline.yaml", text));
        ASSERT_TRUE(loaded.baseline) << loaded.faults.front().to_string() << '\n' << text;
        const auto* found = loaded.baseline->find(CheckName{"firewall_baseline"});
        baseline = dynamic_cast<const FirewallCheck&>(*found).baseline();
    }

    CheckGround ground;
    FirewallHost host;
    FirewallBaseline baseline;
};

}  // namespace agent::testing
