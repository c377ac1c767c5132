// nft.restore: the ruleset that the baseline approves, in one transaction. Tables that are as approved are left alone.
#include "base/text.hpp"
#include "drift/firewall/compare.hpp"
#include "drift/firewall/render.hpp"
#include "healing/actions.hpp"
#include "healing/approved_firewall.hpp"
#include "healing/kept_output.hpp"
#include "healing/replace_tables.hpp"
#include "healing/saved_tables.hpp"

namespace agent {
namespace {

constexpr std::size_t differences_told = 20;
constexpr std::size_t difference_text_most = 200;

struct RestorePlan {
    Ruleset approved;
    FirewallListing live;
    std::vector<TableName> tables;  // that differ

    [[nodiscard]] std::vector<std::string> differences() const {
        std::vector<std::string> told;
        const auto all = compare_rulesets(approved, live.ruleset);
        for (const auto& difference : all) {
            if (told.size() == differences_told) {
                told.push_back("and " + std::to_string(all.size() - told.size()) + " more");
                break;
            }
            auto text = std::string{to_string(difference.change)} + " in " + difference.where + ": ";
            text += shortened(difference.text, difference_text_most);
            told.push_back(std::move(text));
        }
        return told;
    }
};

Result<> check_words_of_nft(const RestorePlan& plan) {
    const auto approved = find_extended(plan.approved, plan.tables);
    if (approved)
        return Error{Errc::refused, "the approved table " + approved->words() +
                                        " holds rules of iptables whose extensions nft cannot put back; put them back "
                                        "with iptables-restore"};
    const auto live = find_extended(plan.live.ruleset, plan.tables);
    if (live)
        return Error{Errc::refused, "table " + live->words() +
                                        " is not as approved, and holds rules of iptables whose extensions nft could "
                                        "not put back should this have to be undone; remove them with iptables"};
    return ok();
}

Task<RestorePlan> compare_to_approved(const ActionTools& tools) {
    const auto baseline = firewall_baseline_of(tools);
    RestorePlan plan;
    AGENT_CO_TRY(plan.approved, approved_ruleset(baseline));
    auto looked = co_await list_firewall(tools.processes, baseline.dynamic_sets);
    AGENT_CO_TRY(plan.live, std::move(looked));
    plan.tables = differing_tables(plan.approved, plan.live.ruleset);
    AGENT_CO_TRY(check_words_of_nft(plan));
    co_return plan;
}

// The commands that this nft takes.
Task<NftCommands> restoring_commands(const ActionTools& tools, const RestorePlan& plan) {
    auto commands = replace_tables(plan.approved, plan.live, plan.tables, DynamicFlag::named);
    auto tried = co_await try_out(tools.processes, commands);
    if (tried.has_value()) co_return commands;
    commands = replace_tables(plan.approved, plan.live, plan.tables, DynamicFlag::left_out);
    auto again = co_await try_out(tools.processes, commands);
    if (again.has_value()) co_return commands;
    co_return std::move(again).error().in_context("the approved ruleset cannot be put in place here");
}

class NftRestore final : public Action {
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "nft.restore"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& /*params*/) override {
        auto compared = co_await compare_to_approved(tools);
        AGENT_CO_TRY(const auto found, std::move(compared));
        PlanStep step;
        step.action = name();
        if (found.tables.empty()) {
            step.current = state_of_tables(found.live.ruleset, tables_of(found.live.ruleset));
            step.desired = step.current;
            co_return step;
        }
        auto tried = co_await restoring_commands(tools, found);
        AGENT_CO_TRY(std::move(tried));
        step.current = state_of_tables(found.live.ruleset, found.tables);
        step.desired = state_of_tables(found.approved, found.tables);
        step.desired.set("puts_right", Value::strings(found.differences()));
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& /*params*/) override {
        const auto baseline = firewall_baseline_of(tools);
        auto compared = co_await compare_to_approved(tools);
        AGENT_CO_TRY(const auto found, std::move(compared));
        auto saving = co_await save_tables(tools.processes, found.tables, baseline.dynamic_sets);
        AGENT_CO_TRY(auto saved, std::move(saving));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto former, read_saved_tables(saved.value_or(Value{})));
        auto compared = co_await compare_to_approved(tools);
        AGENT_CO_TRY(const auto found, std::move(compared));
        StepOutcome outcome;
        outcome.state = state_of_tables(found.live.ruleset, found.tables);
        if (outcome.state != former.state)
            co_return Error{Errc::refused, "the packet filter changed while it was looked at"};
        auto tried = co_await restoring_commands(tools, found);
        AGENT_CO_TRY(auto commands, std::move(tried));
        auto done = co_await carry_out(tools.processes, std::move(commands));
        auto looked = co_await list_firewall(tools.processes, former.dynamic_sets);
        std::string told;
        for (const auto& difference : found.differences()) told += difference + '\n';
        keep_output(told, outcome.taken);
        judge(found, done, looked, outcome);
        co_return outcome;
    }

private:
    static void judge(const RestorePlan& found, const Result<>& done, const Result<FirewallListing>& looked,
                      StepOutcome& outcome) {
        outcome.touched = true;
        if (looked.has_error()) {
            outcome.why = "nobody can say whether the approved ruleset is in place: " + looked.error().message();
            return;
        }
        auto state = state_of_tables(looked.value().ruleset, found.tables);
        outcome.touched = done.has_value() || state != outcome.state;
        outcome.state = std::move(state);
        if (done.has_error()) {
            outcome.why = "putting the approved ruleset in place: " + done.error().message();
            return;
        }
        for (const auto& table : found.tables) {
            const auto left = compare_rulesets(part_of(found.approved, table), part_of(looked.value().ruleset, table));
            if (left.empty()) continue;
            outcome.why = "the approved ruleset was put in place, but is not there: " +
                          std::string{to_string(left.front().change)} + " in " + left.front().where + ": " +
                          shortened(left.front().text, difference_text_most);
            return;
        }
        outcome.succeeded = true;
    }
};

}  // namespace

std::unique_ptr<Action> read_nft_restore(MapReader& /*step*/, StepScope& /*scope*/) {
    return std::make_unique<NftRestore>();
}

}  // namespace agent
