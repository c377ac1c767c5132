#include "drift/firewall/firewall_report.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "drift/firewall/compare.hpp"
#include "drift/firewall/iptables_lines.hpp"
#include "drift/firewall/render.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

// A bundle has room for this many of each kind of change; the number of all is told in any case.
constexpr std::size_t listed_most = 50;
constexpr std::size_t text_most = 400;
constexpr std::size_t object_most = 1024;
// For people: what stands in a finding.
constexpr std::size_t told_most = 3;
constexpr std::size_t told_text_most = 200;

// What was approved and what is there, of the parts of which both are known.
struct Compared {
    Ruleset approved;
    Ruleset live;
    bool any{};
};

class Judge {
public:
    Judge(const FirewallBaseline& baseline, const FirewallView& view, CheckReport& report)
        : baseline_{baseline}, view_{view}, report_{report} {}

    void judge() {
        if (!view_.has_program() && !could_not_read()) return no_program();
        if (!view_.nft) no_nft();
        take_part("ruleset", view_.nft ? view_.nftables : Result<Ruleset>{Ruleset{}}, baseline_.ruleset);
        take_part("iptables", as_ruleset(view_.iptables, "iptables"), baseline_.iptables);
        take_part("ip6tables", as_ruleset(view_.ip6tables, "ip6tables"), baseline_.ip6tables);
        nothing_approved();
        hidden();
        active();
        if (compared_.any) compare();
        describe();
    }

private:
    [[nodiscard]] bool could_not_read() const {
        return view_.iptables.lines.has_error() || view_.ip6tables.lines.has_error();
    }

    void no_program() {
        const Error error{
            Errc::not_found,
            "neither nft nor iptables-save is there: nobody can say what the kernel filters; install nftables"};
        report_.findings.push_back(undetermined("active", Severity::critical, "a firewall", error));
        report_.state.set("programs", "none");
        report_.facts = report_.state;
    }

    void no_nft() {
        unread_ = Error{Errc::not_found,
                        "nft is not there: tables that iptables did not make cannot be seen; install nftables"};
        report_.findings.push_back(undetermined("nft_tables", Severity::low, "visible", *unread_));
    }

    static Result<Ruleset> as_ruleset(const IptablesView& view, const std::string& family) {
        if (view.lines.has_error()) return view.lines.error();
        return ruleset_of_iptables(view.lines.value(), family);
    }

    void take_part(const std::string& name, const Result<Ruleset>& live, const std::optional<Ruleset>& approved) {
        if (live.has_error()) {
            if (!unread_) unread_ = live.error();
            report_.findings.push_back(undetermined(name, baseline_.common.severity, "readable", live.error()));
            return;
        }
        live_.merge(live.value());
        if (approved) {
            compared_.any = true;
            compared_.approved.merge(*approved);
            compared_.live.merge(live.value());
            return;
        }
        if (!live.value().empty()) not_approved(name);
    }

    void not_approved(const std::string& name) {
        const Error error{Errc::not_found,
                          "the baseline approves no " + name +
                              ": run compliance-agent check --learn, review what it prints, and put it "
                              "into the baseline"};
        report_.findings.push_back(undetermined(name, Severity::medium, "as approved", error));
    }

    // Also where there is nothing to approve yet.
    void nothing_approved() {
        const bool says_nothing = !baseline_.ruleset && !baseline_.iptables && !baseline_.ip6tables;
        if (says_nothing && live_.empty() && !unread_) not_approved("ruleset");
    }

    void hidden() {
        if (view_.hidden.empty()) return;
        std::string chains;
        for (const auto& chain : view_.hidden) chains += (chains.empty() ? "" : ", ") + agent::quoted(chain, 80);
        const Error error{Errc::refused,
                          "rules of " + chains +
                              " hold extensions of ebtables or arptables, whose arguments nft does not show; "
                              "write them in nft's own language"};
        report_.findings.push_back(undetermined("extensions", Severity::medium, "visible", error));
    }

    void active() {
        const std::string expected = "something that refuses packets";
        is_active_ = is_active(live_);
        if (is_active_) return report_.findings.push_back(fine("active", expected, "there"));
        if (unread_)
            return report_.findings.push_back(undetermined("active", baseline_.common.severity, expected, *unread_));
        const auto found = live_.empty() ? std::string{"no rules at all"}
                                         : std::to_string(live_.rules()) + " rules, none of which refuses anything";
        report_.findings.push_back(
            drifted("active", Severity::critical, expected, found, "no firewall is active: " + found));
    }

    void compare() {
        differences_ = compare_rulesets(compared_.approved, compared_.live);
        tell(Opening::accepts_more, "added_accept", Severity::high, "nothing accepted beyond what is approved");
        tell(Opening::refuses_less, "removed_drop", Severity::high, "everything refused that is approved to be");
        tell(Opening::neither, "other_difference", Severity::medium, "as approved");
    }

    void tell(Opening opening, const std::string& condition, Severity severity, const std::string& expected) {
        std::string told;
        std::size_t number = 0;
        for (const auto& difference : differences_) {
            if (difference.opening != opening || ++number > told_most) continue;
            const std::string text = std::string{to_string(difference.change)} + " in " + difference.where + ": " +
                                     shortened(difference.text, told_text_most);
            told += (told.empty() ? "" : "; ") + text;
        }
        if (number == 0) return report_.findings.push_back(fine(condition, expected, expected));
        if (number > told_most) told += "; and " + std::to_string(number - told_most) + " more";
        report_.findings.push_back(drifted(condition, severity, expected, told, told));
    }

    static Value fact_of(const FirewallDifference& difference) {
        Value fact = Value::object({{"change", to_string(difference.change)},
                                    {"where", difference.where},
                                    {"text", shortened(difference.text, text_most)}});
        if (write_json(difference.object).size() <= object_most) fact.set("nft", difference.object);
        return fact;
    }

    void describe_differences() {
        std::map<FirewallDifference::Change, std::size_t> numbers;
        Value::Array listed;
        for (const auto& difference : differences_)
            if (++numbers[difference.change] <= listed_most) listed.push_back(fact_of(difference));
        Value counts{Value::Object{}};
        for (const auto& [change, number] : numbers)
            counts.set(std::string{to_string(change)}, static_cast<std::int64_t>(number));
        report_.facts.set("differences", std::move(counts));
        report_.facts.set("listed_differences", std::move(listed));
        report_.facts.set("approved_sha256", compared_.approved.sha256());
    }

    void describe() {
        Value::Array tables;
        for (const auto& [key, object] : live_.objects)
            if (key.kind == "table" && tables.size() < listed_most) tables.push_back(key.where());
        report_.state.set("active", is_active_);
        report_.state.set("ruleset_sha256", live_.sha256());
        report_.state.set("tables", std::move(tables));
        report_.facts = report_.state;
        report_.facts.set("chains", static_cast<std::int64_t>(live_.count("chain")));
        report_.facts.set("rules", static_cast<std::int64_t>(live_.rules()));
        Value::Array programs;
        if (view_.nft) programs.push_back(view_.nft->native());
        for (const auto* view : {&view_.iptables, &view_.ip6tables})
            for (const auto& program : view->programs) programs.push_back(program);
        report_.facts.set("programs", std::move(programs));
        if (compared_.any) describe_differences();
    }

    const FirewallBaseline& baseline_;
    const FirewallView& view_;
    CheckReport& report_;
    Ruleset live_;  // all that could be read
    Compared compared_;
    std::optional<Error> unread_;  // why not all could be seen
    bool is_active_{};
    std::vector<FirewallDifference> differences_;
};

}  // namespace

CheckReport judge_firewall(const FirewallBaseline& baseline, const FirewallView& view) {
    auto report = report_on(baseline.common);
    Judge judge{baseline, view, report};
    judge.judge();
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
