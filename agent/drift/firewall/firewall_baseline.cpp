#include "drift/firewall/firewall_baseline.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/firewall/firewall_check.hpp"
#include "drift/firewall/iptables_lines.hpp"

namespace agent {
namespace {

void fault_of_item(MapReader& keys, std::string_view name, std::size_t item, int line, std::string text) {
    keys.faults().push_back(
        {keys.file().string(), line, keys.key_of(name) + '[' + std::to_string(item) + ']', std::move(text)});
}

// Null where there is none.
const YamlNode* list_of(MapReader& keys, std::string_view name, std::string_view hint) {
    const auto* node = keys.node(name);
    if (node == nullptr || node->kind == YamlNode::Kind::sequence) return node;
    keys.fault(name, "must be a list " + std::string{hint} + "; \"[]\" where nothing is approved");
    return nullptr;
}

std::optional<Ruleset> read_objects(MapReader& keys) {
    const auto* list = list_of(keys, "ruleset", "of nft's JSON objects, as check --learn prints it");
    if (list == nullptr) return std::nullopt;
    RulesetReader reader;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const auto& item = list->items[i];
        const auto added = reader.add(item.to_value());
        if (added.has_error()) fault_of_item(keys, "ruleset", i, item.line, added.error().message());
    }
    return reader.finish();
}

// `name` must outlive the reader of the keys, which remembers it.
std::optional<Ruleset> read_lines(MapReader& keys, std::string_view name) {
    const auto* list = list_of(keys, name, "of lines of " + std::string{name} + "-save, each in quotes");
    if (list == nullptr) return std::nullopt;
    IptablesReader reader{std::string{name}};
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const auto& item = list->items[i];
        const bool is_text = item.kind == YamlNode::Kind::scalar;
        const auto added =
            is_text ? reader.add(item.text) : Error{Errc::malformed, "must be a line of text, in quotes"};
        if (added.has_error()) fault_of_item(keys, name, i, item.line, added.error().message());
    }
    return reader.finish();
}

}  // namespace

std::shared_ptr<const Check> read_firewall(MapReader& keys, CheckName name) {
    FirewallBaseline baseline;
    baseline.common.name = std::move(name);
    baseline.common.controls = {{"164.312(a)(1)", "164.312(e)(1)"}, {"AC-4", "SC-7"}};
    baseline.common = read_settings(keys, std::move(baseline.common));
    baseline.ruleset = read_objects(keys);
    baseline.iptables = read_lines(keys, "iptables");
    baseline.ip6tables = read_lines(keys, "ip6tables");
    baseline.dynamic_sets = keys.texts("dynamic_sets").value_or(std::vector<std::string>{});
    for (const auto& set : baseline.dynamic_sets) {
        if (std::ranges::count(set, ' ') != 2)
            keys.fault("dynamic_sets",
                       agent::quoted(set, 80) + ": family, table and name, as in \"inet filter banned\"");
        if (baseline.ruleset) baseline.ruleset->forget_elements(set);
    }
    return std::make_shared<FirewallCheck>(std::move(baseline), FirewallHost{});
}

}  // namespace agent
