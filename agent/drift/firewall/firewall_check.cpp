#include "drift/firewall/firewall_check.hpp"

#include "drift/firewall/compare.hpp"
#include "drift/firewall/firewall_report.hpp"
#include "drift/firewall/firewall_section.hpp"

namespace agent {

Task<CheckReport> FirewallCheck::look(CheckTools& tools, std::string&) const {
    auto view = co_await look_at_firewall(host_, baseline_, tools);
    if (view.has_error()) co_return std::move(view).error();
    co_return judge_firewall(baseline_, view.value());
}

std::string FirewallCheck::explain() const {
    return "Reads the packet filter that the kernel uses now (nft -j list ruleset; where rules were made by iptables, "
           "iptables-save too) and compares it to the ruleset that the baseline approves: tables, chains, rules in "
           "their order, sets and maps. Handles, counters and elements that come and go by themselves do not count. No "
           "packet filter at all is critical; a rule that accepts more, a rule that refused and is gone, a policy "
           "no longer drop are high; any other difference is medium. Rules changed behind the operator's back open a "
           "host to the network without a trace on disk: 45 CFR 164.312(a)(1) wants access control, 164.312(e)(1) "
           "transmission security, NIST 800-53 SC-7 boundary protection and AC-4 information flow enforcement. Needs "
           "the capability CAP_NET_ADMIN (root).";
}

Task<Learnt> FirewallCheck::learn(CheckTools& tools) const {
    // What is approved already has no say in what is there; who fills which set is knowledge to keep.
    FirewallBaseline nothing;
    nothing.common = baseline_.common;
    nothing.dynamic_sets = baseline_.dynamic_sets;
    auto looked = co_await look_at_firewall(host_, nothing, tools);
    if (looked.has_error()) co_return std::move(looked).error();
    const auto& view = looked.value();
    Learnt learnt;
    learnt.from = "the packet filter that the kernel uses now";
    auto section = write_firewall_section(view, nothing.dynamic_sets);
    if (section.has_error()) {
        learnt.unknown.push_back(section.error().message());
        co_return learnt;
    }
    learnt.lines = std::move(section).value();
    learnt.settled = {"ruleset", "iptables", "ip6tables"};
    if (!view.nft) learnt.unknown.emplace_back("tables that iptables did not make: nft is not there; install nftables");
    for (const auto& chain : view.hidden)
        learnt.unknown.push_back("rules of " + chain +
                                 ": they hold extensions of ebtables or arptables, whose arguments nft does not show");
    const bool is_iptables = !view.iptables.lines.value().empty() || !view.ip6tables.lines.value().empty();
    if (!is_iptables && !is_active(view.nftables.value()))
        learnt.remarks.emplace_back("nothing here refuses packets: the check says so whatever is approved");
    co_return learnt;
}

}  // namespace agent
