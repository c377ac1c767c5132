#include "daemon/order_desk.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

constexpr Duration longest_nap{60'000};

OrderEvidence evidence_of(const AdmittedOrder& order) {
    return {order.payload().order_id.str(), order.envelope_members(), order.gates()};
}

// An offer under a foreign id is not held against the envelope, but told of once, whatever ids follow.
std::string refusal_key(const std::string& identity, bool held_against_envelope) {
    return held_against_envelope ? identity : sha256_hex(identity + "\nunder a foreign id");
}

Refusal refuse_plan(const PassedOrder& passed, GateEntry verdict) {
    Refusal refusal;
    refusal.gate = verdict.gate;
    refusal.gates = passed.gates;
    refusal.gates.push_back(std::move(verdict));
    refusal.envelope = passed.order.envelope().members;
    refusal.payload = passed.order.payload();
    refusal.signed_by_known_key = true;
    return refusal;
}

EvidenceDraft draft_at(WallTime now) {
    EvidenceDraft draft;
    draft.started = now;
    draft.ended = now;
    draft.trigger = Trigger::order;
    return draft;
}

// A gate that passed when the order was accepted, and does not any more.
EvidenceDraft refused_late(EvidenceDraft draft, const AdmittedOrder& order, GateEntry verdict) {
    draft.outcome = Outcome::rejected;
    draft.error = std::string{reason_word(verdict.gate)} + ": " + verdict.detail;
    draft.order = evidence_of(order);
    draft.order->gates.push_back(std::move(verdict));
    return draft;
}

void name_runbook(EvidenceDraft& draft, const Runbook& runbook) {
    draft.runbook_id = runbook.id;
    draft.runbook_sha256 = runbook.sha256;
    draft.controls = runbook.controls;
}

}  // namespace

Task<Delivery> OrderDesk::deliver(Offer offer) {
    const auto identity = envelope_identity(offer.envelope);
    AGENT_CO_TRY(const bool refused, parts_.store.orders().was_refused(identity));
    if (refused) co_return Delivery::known;

    AGENT_CO_TRY(const auto questions, gate_questions_of(*loaded_, &parts_.store));
    const OrderGates gates{gate_settings_of(*loaded_)};
    AGENT_CO_TRY(auto decision, gates.decide(offer.envelope, offer.id, parts_.clock.now(), questions));
    if (std::holds_alternative<AlreadyHandled>(decision)) co_return Delivery::known;
    if (auto* refusal = std::get_if<Refusal>(&decision)) {
        if (!refusal->held_against_envelope) {
            AGENT_CO_TRY(const bool told, parts_.store.orders().was_refused(refusal_key(identity, false)));
            if (told) co_return Delivery::known;
        }
        AGENT_CO_TRY(record_refusal(offer, identity, std::move(*refusal)));
        co_return Delivery::fresh;
    }
    auto passed = std::get<PassedOrder>(std::move(decision));
    auto work = accept(std::move(offer), std::move(passed), identity);
    auto accepted = co_await std::move(work);
    co_return accepted;
}

Result<> OrderDesk::record_refusal(const Offer& offer, const std::string& identity, Refusal refusal) {
    const auto now = parts_.time.wall_now();
    const std::string reason{reason_of(refusal)};
    const auto detail = refusal.gates.empty() ? std::string{} : refusal.gates.back().detail;
    log_warning("order refused: " + reason + ": " + detail, {{"order", agent::quoted(offer.id)}, {"reason", reason}});

    auto draft = draft_at(now);
    draft.outcome = refusal.gate == Gate::expired ? Outcome::expired : Outcome::rejected;
    draft.error = reason + ": " + detail;
    if (refusal.payload) {
        draft.order_id = refusal.payload->order_id;
        draft.runbook_id = refusal.payload->runbook_id;
        if (const auto* runbook = loaded_->runbooks.find(refusal.payload->runbook_id)) name_runbook(draft, *runbook);
    }
    draft.order = OrderEvidence{offer.id, std::move(refusal.envelope), std::move(refusal.gates)};
    const auto key = refusal_key(identity, refusal.held_against_envelope);

    AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        bool recorded = true;
        if (!refusal.signed_by_known_key) {  // anybody can make these: bounded (PROTOCOL.md section 5)
            AGENT_TRY(auto count, parts_.store.memory().refusal_count());
            if (now - count.hour_started >= std::chrono::hours{1} || now < count.hour_started) {
                count.hour_started = now;
                count.recorded = 0;
            }
            recorded = count.recorded < limits::unsigned_refusals_per_hour;
            ++(recorded ? count.recorded : count.unrecorded);
            AGENT_TRY(parts_.store.memory().write_refusal_count(transaction, count));
        }
        AGENT_TRY(parts_.store.orders().remember_refusal(transaction, key, reason, now));
        if (recorded) {
            AGENT_TRY(parts_.recorder.record(transaction, draft));
        }
        return ok();
    }));
    parts_.evidence_written();
    return ok();
}

Result<std::optional<Deferral>> OrderDesk::judge(const Runbook& runbook) {
    AGENT_TRY(const auto facts,
              policy_facts_of(runbook, &parts_.store, parts_.time.wall_now(), parts_.clock.untrusted()));
    return judge_policy(loaded_->policy, facts);
}

// Gate 15. A plan that cannot be made is not the one that was quoted.
asio::awaitable<GateEntry> OrderDesk::judge_plan_now(const OrderPayload& payload, const Runbook& runbook,
                                                     const Value& params) {
    if (payload.mode != OrderMode::apply || !payload.plan_sha256) co_return judge_plan(payload, {});
    auto plan = co_await parts_.engine.plan(runbook, params);
    if (plan.has_error()) {
        GateEntry entry{Gate::plan_changed, Verdict::refuse, "no plan can be made: " + plan.error().message()};
        co_return entry;
    }
    co_return judge_plan(payload, plan.value().sha256);
}

Task<Delivery> OrderDesk::accept(Offer offer, PassedOrder passed, std::string identity) {
    const auto loaded = loaded_;  // a reload must not take the runbook away while it is looked at
    const auto& payload = passed.order.payload();
    const auto* runbook = loaded->runbooks.find(payload.runbook_id);
    if (runbook == nullptr) co_return Error{Errc::not_found, "runbook " + payload.runbook_id.str() + " went away"};
    AGENT_CO_TRY(const auto params, runbook->parameters.check(payload.params));

    auto verdict = co_await judge_plan_now(payload, *runbook, params);
    if (verdict.verdict == Verdict::refuse) {
        AGENT_CO_TRY(record_refusal(offer, identity, refuse_plan(passed, std::move(verdict))));
        co_return Delivery::fresh;
    }
    passed.gates.push_back(std::move(verdict));

    std::optional<Deferral> deferral;
    if (payload.mode == OrderMode::apply) {
        AGENT_CO_TRY(deferral, judge(*runbook));
    }
    auto draft = draft_at(parts_.time.wall_now());
    if (deferral) {
        passed.gates.push_back({deferral->reason, Verdict::defer, deferral->detail});
        if (loaded->policy.mode == HealingMode::dry_run && deferral->reason == Gate::healing_disabled)
            draft = co_await parts_.engine.describe(*runbook, params);
        draft.trigger = Trigger::order;
        draft.outcome = Outcome::deferred;
        draft.error = std::string{reason_word(deferral->reason)} + ": " + deferral->detail;
        draft.order_id = payload.order_id;
        draft.order = OrderEvidence{offer.id, passed.order.envelope().members, passed.gates};
        name_runbook(draft, *runbook);
    }

    const auto now = parts_.time.wall_now();
    std::optional<AdmittedOrder> admitted;
    AGENT_CO_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        const auto held = deferral ? std::optional{deferral->reason} : std::nullopt;
        AGENT_TRY(auto order, parts_.store.orders().accept(transaction, passed.order, passed.gates, now, held));
        parts_.clock.moved_to(payload.issued_at);
        AGENT_TRY(parts_.clock.write(transaction, parts_.store.memory()));
        if (deferral) {
            AGENT_TRY(parts_.recorder.record(transaction, draft));
        } else if (payload.mode == OrderMode::apply && runbook->changes_host()) {
            AGENT_TRY(parts_.store.memory().remember_run(transaction, budget_key(runbook->id), now));
        }
        admitted.emplace(std::move(order));
        return ok();
    }));
    log_info(deferral ? "order deferred: " + *draft.error : std::string{"order accepted"},
             {{"order", payload.order_id.str()}, {"runbook", payload.runbook_id.str()}});
    if (deferral)
        parts_.evidence_written();
    else
        accepted_.push_back(std::move(*admitted));
    wake_.ring();
    co_return Delivery::fresh;
}

Result<> OrderDesk::close(const AdmittedOrder& order, EvidenceDraft draft) {
    const auto& payload = order.payload();
    draft.trigger = Trigger::order;
    draft.order_id = payload.order_id;
    draft.runbook_id = payload.runbook_id;
    if (!draft.order) draft.order = evidence_of(order);
    AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts_.recorder.record(transaction, draft));
        return parts_.store.orders().close(transaction, payload.order_id, to_string(draft.outcome),
                                           parts_.time.wall_now());
    }));
    const bool fine = draft.outcome == Outcome::success;
    log(fine ? LogLevel::info : LogLevel::warning,
        "order closed: " + std::string{to_string(draft.outcome)} + (draft.error ? ": " + *draft.error : ""),
        {{"order", payload.order_id.str()}, {"runbook", payload.runbook_id.str()}});
    parts_.evidence_written();
    return ok();
}

Result<> OrderDesk::close_interrupted() {
    AGENT_TRY(auto interrupted, parts_.store.orders().interrupted());
    for (const auto& open : interrupted) {
        auto draft = draft_at(parts_.time.wall_now());
        draft.started = open.accepted_at;
        draft.outcome = Outcome::failed;
        draft.error =
            "interrupted: the agent stopped after this order was accepted and before its end was recorded; how far it "
            "came is not known, and it is not run again";
        if (const auto* runbook = loaded_->runbooks.find(open.order.payload().runbook_id))
            name_runbook(draft, *runbook);
        AGENT_TRY(close(open.order, std::move(draft)));
    }
    return ok();
}

Task<> OrderDesk::carry_out(AdmittedOrder order) {
    const auto loaded = loaded_;
    auto draft = co_await run(*loaded, order);
    co_return close_or_keep(std::move(order), std::move(draft));
}

asio::awaitable<EvidenceDraft> OrderDesk::run(const LoadedAgent& loaded, const AdmittedOrder& order) {
    const auto& payload = order.payload();
    const auto* runbook = loaded.runbooks.find(payload.runbook_id);
    auto draft = draft_at(parts_.time.wall_now());
    if (runbook == nullptr) {
        draft.outcome = Outcome::failed;
        draft.error = "unknown_runbook: runbook " + payload.runbook_id.str() + " is not in " +
                      loaded.settings.healing.runbooks.string() + " any more";
        co_return draft;
    }
    name_runbook(draft, *runbook);
    const auto params = runbook->parameters.check(payload.params);
    if (params.has_error()) {
        draft.outcome = Outcome::failed;
        draft.error = "bad_params: the runbook was changed since the order was accepted: " + params.error().message();
        co_return draft;
    }
    if (payload.mode == OrderMode::plan) {
        draft = co_await parts_.engine.describe(*runbook, params.value());
        co_return draft;
    }
    // Other orders may have run since this one was accepted.
    auto verdict = co_await judge_plan_now(payload, *runbook, params.value());
    if (verdict.verdict == Verdict::refuse) co_return refused_late(std::move(draft), order, std::move(verdict));
    const Mandate mandate{&order};
    draft = co_await parts_.engine.apply(*runbook, mandate);
    co_return draft;
}

// What was done is never forgotten because its evidence could not be written at once.
Result<> OrderDesk::close_or_keep(AdmittedOrder order, EvidenceDraft draft) {
    auto closed = close(order, draft);
    if (closed.has_error()) unrecorded_.push_back({std::move(order), std::move(draft)});
    return closed;
}

// One that cannot be recorded stands in nobody's way.
void OrderDesk::record_what_was_kept() {
    for (auto kept = std::exchange(unrecorded_, {}); !kept.empty(); kept.pop_front()) {
        auto closed = close_or_keep(std::move(kept.front().order), std::move(kept.front().draft));
        if (closed.has_error()) log_error("evidence of an order could not be stored yet: " + closed.error().message());
    }
}

Task<> OrderDesk::look_at_held(OpenOrder held) {
    const auto loaded = loaded_;
    const auto& payload = held.order.payload();
    const auto* runbook = loaded->runbooks.find(payload.runbook_id);
    auto draft = draft_at(parts_.time.wall_now());
    draft.started = held.accepted_at;
    if (runbook != nullptr) name_runbook(draft, *runbook);
    if (parts_.clock.now() >= payload.expires_at()) {
        draft.outcome = Outcome::expired;
        const auto held_for = held.deferred_for.value_or(Gate::healing_disabled);
        draft.error = "expired: held until its time to live ended (" + std::string{reason_word(held_for)} + ")";
        co_return close(held.order, std::move(draft));
    }
    note_next_look(payload.expires_at() - parts_.clock.now());
    if (runbook == nullptr) co_return ok();  // may come back with a reload while the order lives
    AGENT_CO_TRY(const auto deferral, judge(*runbook));
    if (deferral) {
        if (deferral->not_before) note_next_look(*deferral->not_before - parts_.time.wall_now());
        co_return ok();
    }
    const auto params = runbook->parameters.check(payload.params);
    if (params.has_error()) {
        GateEntry verdict{Gate::bad_params, Verdict::refuse, params.error().message()};
        co_return close(held.order, refused_late(std::move(draft), held.order, std::move(verdict)));
    }
    const auto now = parts_.time.wall_now();
    AGENT_CO_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts_.store.orders().start(transaction, payload.order_id, now));
        if (!runbook->changes_host()) return ok();
        return parts_.store.memory().remember_run(transaction, budget_key(runbook->id), now);
    }));
    log_info("held order starts", {{"order", payload.order_id.str()}, {"runbook", runbook->id.str()}});
    auto done = co_await carry_out(std::move(held.order));
    co_return done;
}

// Held orders change by time at the end of their TTL and when policy lets them; a minute's patience bounds what a clock
// that jumps can do.
void OrderDesk::note_next_look(Duration in) {
    constexpr Duration shortest_nap{100};
    next_look_ = std::min(next_look_, std::clamp(in, shortest_nap, longest_nap));
}

Task<> OrderDesk::look_at_all_held() {
    next_look_ = std::chrono::hours{24};
    AGENT_CO_TRY(auto held, parts_.store.orders().deferred());
    for (auto& each : held) {
        const auto id = each.order.payload().order_id.str();
        auto looked = co_await look_at_held(std::move(each));
        if (looked.has_value()) continue;
        if (looked.error().code() == Errc::cancelled || parts_.guard.damaged()) co_return looked;
        log_error("a held order could not be looked at: " + looked.error().message(), {{"order", id}});
        note_next_look(longest_nap);
    }
    co_return ok();
}

Task<> OrderDesk::work_once() {
    record_what_was_kept();
    while (!accepted_.empty()) {
        auto order = std::move(accepted_.front());
        accepted_.pop_front();
        auto done = co_await carry_out(std::move(order));
        AGENT_CO_TRY(std::move(done));
    }
    auto held = co_await look_at_all_held();
    co_return held;
}

Task<> OrderDesk::work_forever() {
    for (;;) {
        auto worked = co_await work_once();
        if (worked.has_error()) {
            if (worked.error().code() == Errc::cancelled) co_return worked;
            log_error("an order could not be carried to its end: " + worked.error().message());
            if (parts_.guard.damaged()) co_return worked;
        }
        if (finishing_) co_return ok();
        if (!accepted_.empty()) continue;
        const auto nap = unrecorded_.empty() ? next_look_ : std::min(next_look_, longest_nap);
        const auto when = parts_.time.mono_now() + nap;
        auto woken = co_await wake_.wait_until(parts_.time, when);
        AGENT_CO_TRY(std::move(woken));
    }
}

void OrderDesk::finish() {
    finishing_ = true;
    wake_.ring();
}

void OrderDesk::change(std::shared_ptr<const LoadedAgent> loaded) {
    loaded_ = std::move(loaded);
    look_again();
}

}  // namespace agent
