// Results of a SCAP scan: however they come in pieces, they are read or refused alike, and what is read is bounded.
#include "drift/xccdf/xccdf_results.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace agent;
using testing::must;

Result<XccdfResults> read(std::string_view input, std::size_t first) {
    XccdfReader reader;
    AGENT_TRY(reader.feed(input.substr(0, first)));
    AGENT_TRY(reader.feed(input.substr(first)));
    return reader.finish();
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    const auto whole = read(input, input.size());
    const auto halves = read(input, input.size() / 2);
    must(whole.has_value() == halves.has_value(), "pieces make no difference");
    if (whole.has_error()) return must(!whole.error().message().empty(), "a refusal has words");
    const auto& rules = whole.value().rules;
    must(rules.size() == halves.value().rules.size(), "pieces make no difference to the rules");
    for (std::size_t i = 0; i < rules.size(); ++i) {
        must(rules[i].outcome == halves.value().rules[i].outcome, "pieces make no difference to a result");
        must(!rules[i].id.empty() && rules[i].id.size() <= 256, "an id is bounded");
        must(!short_rule_name(rules[i].id).empty(), "a condition has a name");
        must(rules[i].title.size() <= 1024 && rules[i].message.size() <= 1024, "texts are bounded");
        must(rules[i].outcome != XccdfOutcome::notselected, "what was not selected is left out");
    }
}
