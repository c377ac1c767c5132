#pragma once
// What became of the rules of a chain, whose order matters.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace agent {

struct PairedRule {
    std::size_t before{};
    std::size_t after{};
    bool moved{};  // its place among the others is another
};

struct SequenceChange {
    std::vector<std::size_t> removed;  // places before
    std::vector<std::size_t> added;    // places after
    std::vector<PairedRule> paired;    // the rest, in their order after
};

// As few moved as possible. Equal rules are paired in their order.
[[nodiscard]] SequenceChange compare_sequences(const std::vector<std::string>& before,
                                               const std::vector<std::string>& after);

}  // namespace agent
