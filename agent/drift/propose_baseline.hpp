#pragma once
// `check --learn`: a baseline as this host is now, for a person to review.
#include <string>
#include <vector>

#include "codec/yaml.hpp"
#include "drift/baseline.hpp"

namespace agent {

struct Proposal {
    std::string text;                  // a whole baseline, valid as it stands
    std::vector<std::string> unknown;  // "<check>: <what could not be learnt, and why>"; in `text` too
};

// The checks of `baseline`, which `written` is the file of, with what the named ones learn of this host in place of
// what the file says of it; names empty: all of them. What is replaced stays as a comment. Each learns within its own
// limit, or `default_limit`. `not_found`: no check of that name; `malformed`: what was learnt makes no baseline, and
// why.
[[nodiscard]] Task<Proposal> propose_baseline(const YamlFile& written, const Baseline& baseline,
                                              std::vector<CheckName> only, Duration default_limit, CheckTools tools);

}  // namespace agent
