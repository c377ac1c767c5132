#include "healing/approved_firewall.hpp"

#include "drift/firewall/compare.hpp"
#include "drift/firewall/firewall_check.hpp"

namespace agent {

FirewallBaseline firewall_baseline_of(const ActionTools& tools) {
    const auto baseline = tools.baseline();
    const auto* check = baseline->find(CheckName{"firewall_baseline"});
    const auto* firewall = dynamic_cast<const FirewallCheck*>(check);
    return firewall == nullptr ? FirewallBaseline{} : firewall->baseline();
}

Result<Ruleset> approved_ruleset(const FirewallBaseline& baseline) {
    const bool by_iptables = baseline.iptables || baseline.ip6tables;
    if (!baseline.ruleset && by_iptables)
        return Error{
            Errc::refused,
            "the baseline approves lines of iptables-save, which nft cannot put back; put them back with "
            "iptables-restore, or approve a ruleset of nft (compliance-agent check --learn firewall_baseline)"};
    if (!baseline.ruleset)
        return Error{Errc::not_found,
                     "the baseline approves no ruleset: run compliance-agent check --learn firewall_baseline, review "
                     "what it prints, and put it into the baseline"};
    // The check would never be fine with it, and until that is found the host would be open.
    if (!is_active(*baseline.ruleset) && !by_iptables)
        return Error{Errc::refused, "the ruleset that the baseline approves refuses no packet: it is not put in place"};
    return *baseline.ruleset;
}

}  // namespace agent
