#pragma once
// Asking this host's firewall what it holds.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drift/check.hpp"
#include "drift/firewall/firewall_baseline.hpp"

namespace agent {

// Where programs are, and the kernel's lists of tables made by the older iptables.
struct FirewallHost {
    std::vector<std::filesystem::path> folders{"/usr/sbin", "/sbin", "/run/current-system/sw/bin"};
    std::filesystem::path proc_net{"/proc/net"};
};

// One of iptables and ip6tables. No lines where nft shows everything.
struct IptablesView {
    Result<std::vector<std::string>> lines{std::vector<std::string>{}};
    std::vector<std::string> programs;  // that were asked
};

struct FirewallView {
    std::optional<std::filesystem::path> nft;  // nothing: not installed
    Result<Ruleset> nftables{Ruleset{}};
    IptablesView iptables;
    IptablesView ip6tables;
    // Tables whose rules hold extensions of iptables that nobody shows in full.
    std::vector<std::string> hidden;
    [[nodiscard]] bool has_program() const noexcept {
        return nft || !iptables.programs.empty() || !ip6tables.programs.empty();
    }
};

// What could not be read is an error in its place; an error of all is only `cancelled`.
[[nodiscard]] Task<FirewallView> look_at_firewall(const FirewallHost& host, const FirewallBaseline& baseline,
                                                  CheckTools& tools);

}  // namespace agent
