#pragma once
// What `oscap xccdf eval --results` wrote: a benchmark (XCCDF 1.2, NIST IR 7275r4) and in it the results of one run.
// Read as a stream: the size of the file costs time and no memory.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

// IR 7275r4, result of a rule. Ordered: of several results of one rule the last of these decides.
enum class XccdfOutcome : std::uint8_t {
    notselected,
    notapplicable,
    informational,
    pass,
    fixed,
    notchecked,
    error,
    unknown,
    fail,
};
[[nodiscard]] std::string_view word_of(XccdfOutcome outcome) noexcept;

struct RuleResult {
    std::string id;
    std::string title;     // texts of whoever wrote the content: to be quoted
    std::string message;   // what the scanner said of it, if anything
    std::string severity;  // "unknown", "info", "low", "medium" or "high"; empty where it is not said
    XccdfOutcome outcome{XccdfOutcome::unknown};
};

struct XccdfResults {
    std::string benchmark;  // its id
    std::string version;
    std::string scanner;                 // CPE name of what judged
    std::vector<std::string> platforms;  // CPE names of the systems that the content is for; none: any
    bool is_for_this_host{};             // whether this is one of them
    std::vector<RuleResult> rules;       // those that were selected: one a rule, in the order of the results
    std::size_t not_selected{};
};

// The id without what all ids of a benchmark have in common, "sshd_disable_root_login" of
// "xccdf_org.ssgproject.content_rule_sshd_disable_root_login"; an id of another form stays whole.
[[nodiscard]] std::string_view short_rule_name(std::string_view id) noexcept;

// Takes the file piece by piece. `malformed`: no well-formed XML, a document type declaration (entities come with it),
// too deep or too much of something, not exactly one run, a rule without id or with a result that is none of the above.
class XccdfReader {
public:
    XccdfReader();
    XccdfReader(const XccdfReader&) = delete;
    XccdfReader& operator=(const XccdfReader&) = delete;
    XccdfReader(XccdfReader&&) = delete;
    XccdfReader& operator=(XccdfReader&&) = delete;
    ~XccdfReader();

    [[nodiscard]] Result<> feed(std::string_view piece);
    // After the last piece.
    [[nodiscard]] Result<XccdfResults> finish();

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace agent
