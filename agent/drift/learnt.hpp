#pragma once
// What a check proposes for its section of a baseline, for a person to review.
#include <string>
#include <string_view>
#include <vector>

namespace agent {

struct Learnt {
    std::string from;                  // what was looked at; empty: there is nothing to learn
    std::string lines;                 // YAML, not indented: keys of its section, with comments
    std::vector<std::string> settled;  // keys that are not in `lines` because they hold no longer
    std::vector<std::string> remarks;  // what a reviewer should know
    std::vector<std::string> unknown;  // what could not be looked at, with the missing right or program

    void say(std::string_view key, std::string_view text);
    void say(std::string_view key, bool value);
    void say(std::string_view key, const std::vector<std::string>& texts);
};

}  // namespace agent
