// Rulesets as nft and iptables-save print them: what is read compares equal to itself, prints as itself, and shows no
// control character to whoever reads the evidence.
#include <algorithm>

#include "codec/json.hpp"
#include "drift/firewall/compare.hpp"
#include "drift/firewall/iptables_lines.hpp"
#include "drift/firewall/render.hpp"
#include "fuzz/fuzz.hpp"

namespace {

void look_at(const agent::Ruleset& ruleset) {
    using agent::testing::must;
    must(agent::compare_rulesets(ruleset, ruleset).empty(), "a ruleset does not differ from itself");
    const auto again = agent::read_ruleset(ruleset.listing());
    must(again.has_value() && again.value().sha256() == ruleset.sha256(), "a listing is read as what it lists");
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    for (const auto& [key, object] : ruleset.objects)
        for (const auto& rule : object.rules)
            must(std::ranges::none_of(agent::render_rule(rule), is_control), "a rule is safe to show");
    for (const auto& difference : agent::compare_rulesets(agent::Ruleset{}, ruleset))
        must(std::ranges::none_of(difference.text, is_control), "a difference is safe to show");
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    if (const auto ruleset = read_nft_output(input); ruleset.has_value()) look_at(ruleset.value());
    const auto lines = read_iptables_save(input);
    if (lines.has_error()) return;
    if (const auto ruleset = ruleset_of_iptables(lines.value(), "iptables"); ruleset.has_value())
        look_at(ruleset.value());
}
