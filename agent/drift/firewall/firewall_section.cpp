#include "drift/firewall/firewall_section.hpp"

#include <algorithm>

#include "codec/json.hpp"
#include "drift/firewall/render.hpp"

namespace agent {
namespace {

constexpr std::size_t comment_most = 400;

std::string item(std::string comment, const Value& value) {
    // A line end in a rule's own comment would end ours, and begin whatever it likes.
    std::replace_if(
        comment.begin(), comment.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return "  # " + shortened(std::move(comment), comment_most) + "\n  - " + write_json(value) + '\n';
}

std::string write_ruleset(const Ruleset& ruleset) {
    if (ruleset.empty()) return "ruleset: []  # nft shows no table\n";
    std::string text = "ruleset:\n";
    const auto listing = ruleset.listing();
    auto next = listing.begin();
    for (const auto& [key, object] : ruleset.objects) {
        auto comment = render_object(key, object);
        if (object.filled_by_rules) comment += " (filled by rules or another program: elements are not compared)";
        text += item(std::move(comment), *next++);
        for (const auto& rule : object.rules) text += item(key.where() + ": " + render_rule(rule), *next++);
    }
    return text;
}

std::string write_lines(std::string_view name, const std::vector<std::string>& lines) {
    if (lines.empty()) return {};
    std::string text{name};
    text += ":\n";
    // A JSON string is one in double quotes of YAML.
    for (const auto& line : lines) text += "  - " + write_json(Value{line}) + '\n';
    return text;
}

}  // namespace

Result<std::string> write_firewall_section(const FirewallView& view, const std::vector<std::string>& dynamic_sets) {
    if (!view.has_program()) return Error{Errc::not_found, "neither nft nor iptables-save is there; install nftables"};
    AGENT_TRY(const auto& ruleset, view.nftables);
    AGENT_TRY(const auto& iptables, view.iptables.lines);
    AGENT_TRY(const auto& ip6tables, view.ip6tables.lines);
    std::string text;
    if (!dynamic_sets.empty()) text += "dynamic_sets: " + write_json(Value::strings(dynamic_sets)) + '\n';
    if (view.nft) text += write_ruleset(ruleset);
    return text + write_lines("iptables", iptables) + write_lines("ip6tables", ip6tables);
}

}  // namespace agent
