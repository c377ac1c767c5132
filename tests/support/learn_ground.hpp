#pragma once
// From a host as it is to a baseline, and back.
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "drift/propose_baseline.hpp"
#include "support/check_ground.hpp"

namespace agent::testing {

[[nodiscard]] inline Result<Proposal> propose(CheckGround& ground, const YamlFile& written, const Baseline& baseline,
                                              std::vector<CheckName> only = {}, Duration limit = Duration{20'000}) {
    RoundFacts facts;
    CheckTools tools{ground.processes, ground.units, ground.time, facts, std::nullopt};
    return run(ground.io, propose_baseline(written, baseline, std::move(only), limit, tools));
}

// What the proposal of a host on which only `check` looks says of that check.
[[nodiscard]] inline std::shared_ptr<const Check> learnt_by(CheckGround& ground, std::shared_ptr<const Check> check) {
    const auto name = check->settings().name;
    Baseline baseline;
    baseline.checks.push_back(std::move(check));
    const auto written = parse_yaml(std::string{built_in_text}, "baseline.yaml");
    const auto proposal = propose(ground, written.value(), baseline).value();
    if (!proposal.unknown.empty()) throw std::runtime_error{proposal.unknown.front()};
    const auto read = read_baseline(parse_yaml(proposal.text, "proposal.yaml").value());
    for (const auto& section : read.baseline.value().checks)
        if (section->settings().name == name) return section;
    throw std::runtime_error{"the proposal has no section of " + name.str()};
}

}  // namespace agent::testing
