#include "daemon/order_execution.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "daemon/order_drafts.hpp"
#include "healing/recovery.hpp"

namespace agent {
namespace {

std::string nothing_changed(const Error& error) { return "nothing was changed: " + error.message(); }

void tell_if_kept(const Result<>& stored) {
    if (stored.has_error()) log_error("evidence of a run could not be stored yet: " + stored.error().message());
}

}  // namespace

Task<> OrderExecution::carry_out(AdmittedOrder order) {
    const auto loaded = ground_.loaded;
    const auto& parts = ground_.parts;
    const auto number = parts.store.journal().run_of(order.payload().order_id);
    if (number.has_error()) {
        auto draft = failed_late(order_draft(parts.time.wall_now()), nothing_changed(number.error()));
        co_return store_or_keep({std::move(order), std::nullopt, std::move(draft)});
    }
    auto draft = co_await run(*loaded, order, number.value());
    parts.executing(std::nullopt);
    co_return store_or_keep({std::move(order), number.value(), std::move(draft)});
}

asio::awaitable<EvidenceDraft> OrderExecution::run(const LoadedAgent& loaded, const AdmittedOrder& order,
                                                   std::optional<std::int64_t> number) {
    const auto& payload = order.payload();
    const auto* runbook = loaded.runbooks.find(payload.runbook_id);
    auto draft = order_draft(ground_.parts.time.wall_now());
    if (runbook == nullptr)
        co_return failed_late(std::move(draft), "unknown_runbook: runbook " + payload.runbook_id.str() + " is not in " +
                                                    loaded.settings.healing.runbooks.string() + " any more");
    name_runbook(draft, *runbook);
    const auto params = runbook->parameters.check(payload.params);
    if (params.has_error())
        co_return failed_late(std::move(draft), "bad_params: the runbook was changed since the order was accepted: " +
                                                    params.error().message());
    if (payload.mode == OrderMode::plan) {
        draft = co_await ground_.parts.engine.describe(*runbook, params.value());
        co_return draft;
    }
    std::optional<HealingLock> turn;
    if (runbook->changes_host()) {
        auto taken = co_await take_turn(loaded.settings.state_dir);
        if (taken.has_error()) co_return failed_late(std::move(draft), nothing_changed(taken.error()));
        turn.emplace(std::move(taken).value());
    }
    // Other orders may have run since this one was accepted.
    auto verdict = co_await ground_.judge_plan_now(payload, *runbook, params.value());
    if (verdict.verdict == Verdict::refuse) co_return refused_late(std::move(draft), order, std::move(verdict));
    ground_.parts.executing(payload.order_id);
    const Mandate mandate{&order};
    draft = co_await apply(*runbook, mandate, number);
    if (runbook->repairs) order_repaired_(*runbook->repairs);
    co_return draft;
}

asio::awaitable<EvidenceDraft> OrderExecution::apply(const Runbook& runbook, Mandate mandate,
                                                     std::optional<std::int64_t> number) const {
    auto journal = journal_of(number);
    const auto confirmation = ground_.parts.confirmation(number.value_or(0));
    auto draft = co_await ground_.parts.engine.apply(runbook, mandate, journal, *confirmation);
    co_return draft;
}

Task<> OrderExecution::heal(const LoadedAgent& loaded, const Runbook& runbook) {
    const LocalMandate by_policy{Trigger::change};
    auto params = runbook.parameters.check(by_policy.params);
    if (params.has_value()) under_way_.begin(runbook, std::move(params).value());
    auto taken = co_await take_turn(loaded.settings.state_dir);
    if (taken.has_error()) co_return fail_joined(runbook, taken.error());
    const auto number = begin_by_policy(runbook);
    if (number.has_error()) co_return fail_joined(runbook, number.error());
    under_way_.start();
    for (const auto& order : under_way_.joined()) ground_.parts.executing(order.payload().order_id);
    const Mandate mandate{&by_policy};
    auto draft = co_await apply(runbook, mandate, number.value());
    auto joined = under_way_.end();
    if (!joined.empty()) ground_.parts.executing(std::nullopt);
    co_return store_or_keep({std::nullopt, number.value(), std::move(draft), std::move(joined)});
}

Result<std::optional<std::int64_t>> OrderExecution::begin_by_policy(const Runbook& runbook) const {
    const auto now = ground_.parts.time.wall_now();
    std::optional<std::int64_t> number;
    AGENT_TRY(ground_.parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(number, ground_.begin_run(transaction, runbook, std::nullopt, now));
        return ok();
    }));
    return number;
}

Result<> OrderExecution::fail_joined(const Runbook& runbook, const Error& why) {
    for (auto& order : under_way_.end()) {
        auto draft = failed_late(order_draft(ground_.parts.time.wall_now()), nothing_changed(why));
        name_runbook(draft, runbook);
        tell_if_kept(store_or_keep({std::move(order), std::nullopt, std::move(draft)}));
    }
    return why;
}

Task<HealingLock> OrderExecution::take_turn(const std::filesystem::path& state_dir) {
    constexpr Duration look_again{200};
    for (bool told = false;; told = true) {
        auto taken = HealingLock::take(state_dir);
        if (taken.has_value()) {
            auto closed = co_await close_strays();
            AGENT_CO_TRY(std::move(closed));
        }
        if (taken.has_value() || taken.error().code() != Errc::refused) co_return taken;
        if (!told) log_info("waiting: " + taken.error().message());
        auto slept = co_await ground_.parts.time.sleep_for(look_again);
        AGENT_CO_TRY(std::move(slept));
    }
}

StoredRun OrderExecution::journal_of(std::optional<std::int64_t> run) const {
    auto& guard = ground_.parts.guard;
    return {ground_.parts.store.journal(), [&guard](const StoredRun::Work& work) { return guard.commit(work); }, run};
}

Result<> OrderExecution::close(const AdmittedOrder& order, EvidenceDraft draft) {
    return store(&order, std::nullopt, std::move(draft), {});
}

Result<> OrderExecution::store(const AdmittedOrder* order, std::optional<std::int64_t> run, EvidenceDraft draft,
                               const std::vector<AdmittedOrder>& joined) {
    const auto& parts = ground_.parts;
    if (order != nullptr) name_order(draft, *order);
    AGENT_TRY(parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(const auto recorded, parts.recorder.record(transaction, draft));
        if (run) {
            AGENT_TRY(close_run(parts.store, transaction, *run, draft, parts.time.wall_now()));
        }
        AGENT_TRY(store_joined(transaction, joined, draft, recorded.bundle_id));
        if (order == nullptr) return ok();
        return parts.store.orders().close(transaction, *draft.order_id, to_string(draft.outcome),
                                          parts.time.wall_now());
    }));
    const bool fine = draft.outcome == Outcome::success;
    log(fine ? LogLevel::info : LogLevel::warning,
        (order != nullptr ? "order closed: " : "run closed: ") + std::string{to_string(draft.outcome)} +
            (draft.error ? ": " + *draft.error : ""),
        {{"order", draft.order_id ? draft.order_id->str() : "none"},
         {"runbook", draft.runbook_id ? draft.runbook_id->str() : "none"}});
    for (const auto& with_it : joined)
        log_info("order closed with the run that it joined", {{"order", with_it.payload().order_id.str()}});
    parts.evidence_written();
    return ok();
}

Result<> OrderExecution::store_joined(Transaction& transaction, const std::vector<AdmittedOrder>& joined,
                                      const EvidenceDraft& draft, const BundleId& run_bundle) const {
    const auto& parts = ground_.parts;
    for (const auto& order : joined) {
        AGENT_TRY(parts.recorder.record(transaction, draft_of_joined(draft, order, run_bundle)));
        AGENT_TRY(parts.store.orders().close(transaction, order.payload().order_id, to_string(draft.outcome),
                                             parts.time.wall_now()));
    }
    return ok();
}

Result<> OrderExecution::store_or_keep(Ended ended) {
    auto stored = store(ended.order ? &*ended.order : nullptr, ended.run, ended.draft, ended.joined);
    if (stored.has_error()) unrecorded_.push_back(std::move(ended));
    return stored;
}

// One that cannot be recorded stands in nobody's way.
void OrderExecution::record_what_was_kept() {
    for (auto kept = std::exchange(unrecorded_, {}); !kept.empty(); kept.pop_front())
        tell_if_kept(store_or_keep(std::move(kept.front())));
}

bool OrderExecution::is_kept(std::int64_t run) const {
    return std::ranges::any_of(unrecorded_, [run](const Ended& ended) { return ended.run == run; });
}

Result<> OrderExecution::find_interrupted() {
    AGENT_TRY(auto orders, ground_.parts.store.orders().interrupted());
    AGENT_TRY(const auto runs, ground_.parts.store.journal().open());
    std::ranges::move(orders, std::back_inserter(interrupted_));
    found_strays_ = std::ranges::any_of(runs, [](const OpenRun& run) { return !run.header.order; });
    return ok();
}

// What cannot be closed is tried again, before anything new.
Task<> OrderExecution::close_interrupted() {
    if (found_strays_) {
        auto taken = co_await take_turn(ground_.loaded->settings.state_dir);
        AGENT_CO_TRY(std::move(taken));
        found_strays_ = false;
    }
    for (; !interrupted_.empty(); interrupted_.pop_front()) {
        auto closed = co_await close_interrupted(interrupted_.front());
        AGENT_CO_TRY(std::move(closed));
    }
    co_return ok();
}

Task<> OrderExecution::close_interrupted(OpenOrder& cut) {
    const auto loaded = ground_.loaded;
    const auto& parts = ground_.parts;
    AGENT_CO_TRY(const auto number, parts.store.journal().run_of(cut.order.payload().order_id));
    if (!number) {
        const auto* runbook = loaded->runbooks.find(cut.order.payload().runbook_id);
        auto draft = draft_of_interruption(cut, runbook, parts.time.wall_now());
        tell_if_kept(store_or_keep({std::move(cut.order), std::nullopt, std::move(draft)}));
        co_return ok();
    }
    auto taken = co_await take_turn(loaded->settings.state_dir);
    AGENT_CO_TRY(const auto turn, std::move(taken));
    AGENT_CO_TRY(const auto open, parts.store.journal().open());
    const auto run = std::ranges::find(open, *number, &OpenRun::number);
    if (run == open.end()) co_return Error{Errc::storage, "a run is no more in the healing journal"};
    auto draft = co_await finish(*run);
    tell_if_kept(store_or_keep({std::move(cut.order), *number, std::move(draft)}));
    co_return ok();
}

// Of a drift, or of `heal`, that was killed while nobody else ran.
Task<> OrderExecution::close_strays() {
    AGENT_CO_TRY(const auto open, ground_.parts.store.journal().open());
    for (const auto& run : open) {
        if (run.header.order || is_kept(run.number)) continue;
        auto draft = co_await finish(run);
        tell_if_kept(store_or_keep({std::nullopt, run.number, std::move(draft)}));
    }
    co_return ok();
}

asio::awaitable<EvidenceDraft> OrderExecution::finish(const OpenRun& run) const {
    const auto loaded = ground_.loaded;
    auto journal = journal_of(run.number);
    auto draft = co_await ground_.parts.engine.finish(run, the_very_runbook(loaded->runbooks, run.header), journal);
    co_return draft;
}

}  // namespace agent
