// nft.apply: whole tables of the packet filter that the runbook ships, in one transaction.
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "healing/actions.hpp"
#include "healing/approved_firewall.hpp"
#include "healing/replace_tables.hpp"
#include "healing/saved_tables.hpp"

namespace agent {
namespace {

class NftApply final : public Action {
public:
    NftApply(std::string text, std::vector<TableName> tables) : text_{std::move(text)}, tables_{std::move(tables)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "nft.apply"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& /*params*/) override {
        const auto baseline = firewall_baseline_of(tools);
        auto looked = co_await list_firewall(tools.processes, baseline.dynamic_sets);
        AGENT_CO_TRY(const auto live, std::move(looked));
        auto transaction = commands();
        auto tried = co_await try_out(tools.processes, std::move(transaction));
        AGENT_CO_TRY(in_context(std::move(tried), "the ruleset of the runbook"));
        PlanStep step;
        step.action = name();
        step.current = state_of_tables(live.ruleset, tables_);
        step.desired = step.current;
        step.desired.set("applied_sha256", sha256_hex(text_));
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& /*params*/) override {
        const auto baseline = firewall_baseline_of(tools);
        auto saving = co_await save_tables(tools.processes, tables_, baseline.dynamic_sets);
        AGENT_CO_TRY(auto saved, std::move(saving));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto former, read_saved_tables(saved.value_or(Value{})));
        auto before = co_await list_firewall(tools.processes, former.dynamic_sets);
        AGENT_CO_TRY(const auto live, std::move(before));
        StepOutcome outcome;
        outcome.state = state_of_tables(live.ruleset, tables_);
        if (outcome.state != former.state)
            co_return Error{Errc::refused, "the packet filter changed while it was looked at"};
        auto transaction = commands();
        auto done = co_await carry_out(tools.processes, std::move(transaction));
        auto looked = co_await list_firewall(tools.processes, former.dynamic_sets);
        judge(done, looked, outcome);
        co_return outcome;
    }

private:
    [[nodiscard]] NftCommands commands() const { return {NftCommands::Language::nft, make_room_for(tables_) + text_}; }

    void judge(const Result<>& done, const Result<FirewallListing>& looked, StepOutcome& outcome) const {
        outcome.touched = true;
        if (looked.has_error()) {
            outcome.why = "nobody can say whether the ruleset is in place: " + looked.error().message();
            return;
        }
        auto state = state_of_tables(looked.value().ruleset, tables_);
        outcome.touched = state != outcome.state;
        outcome.state = std::move(state);
        if (done.has_error()) {
            outcome.why = "putting the ruleset in place: " + done.error().message();
            return;
        }
        for (const auto& table : tables_) {
            if (!part_of(looked.value().ruleset, table).empty()) continue;
            outcome.why = "the ruleset was put in place, but table " + table.words() + " is not there";
            return;
        }
        outcome.succeeded = true;
    }

    std::string text_;
    std::vector<TableName> tables_;
};

}  // namespace

std::unique_ptr<Action> read_nft_apply(MapReader& step, StepScope& /*scope*/) {
    constexpr std::size_t text_most = 1024UL * 1024UL;
    auto text = step.text("ruleset");
    step.require("ruleset", "tables in nft's language, as a block under \"ruleset: |\"");
    if (!text) return nullptr;
    auto tables = declared_tables(*text);
    if (tables.has_error()) step.fault("ruleset", tables.error().message());
    if (text->size() > text_most) step.fault("ruleset", "has over 1 MiB");
    if (tables.has_error()) return nullptr;
    return std::make_unique<NftApply>(*std::move(text), std::move(tables).value());
}

}  // namespace agent
