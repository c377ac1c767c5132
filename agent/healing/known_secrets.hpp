#pragma once
// Secrets that are known from what the baseline declares, for taking them out of everything that a run keeps.
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "drift/baseline.hpp"
#include "healing/action.hpp"

namespace agent {

class KnownSecrets {
public:
    // Lines of the password files and values of the environment files that it names. What cannot be read, cannot be
    // told by us either.
    [[nodiscard]] static KnownSecrets named_by(const Baseline& baseline);

    // One of under 6 bytes is left out: it would be found everywhere.
    void add(std::string_view secret);
    [[nodiscard]] bool are_in(std::string_view text) const;
    // A secret that was cut apart, at a place where output was left out or between head and tail, is masked too.
    void mask_in(StepOutcome& outcome) const;

private:
    enum class Edge : std::uint8_t { whole, cut };
    [[nodiscard]] std::string masked(std::string_view text, Edge begin, Edge end) const;
    [[nodiscard]] std::string masked_piece(std::string text, Edge begin, Edge end) const;

    std::vector<SecretBytes> secrets_;  // the longest first: one may be in another
};

}  // namespace agent
