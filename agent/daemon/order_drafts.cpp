#include "daemon/order_drafts.hpp"

#include <utility>

namespace agent {

EvidenceDraft order_draft(WallTime now) {
    EvidenceDraft draft;
    draft.started = now;
    draft.ended = now;
    draft.trigger = Trigger::order;
    return draft;
}

void name_runbook(EvidenceDraft& draft, const Runbook& runbook) {
    draft.runbook_id = runbook.id;
    draft.runbook_sha256 = runbook.sha256;
    draft.controls = runbook.controls;
}

OrderEvidence evidence_of(const AdmittedOrder& order) {
    return {order.payload().order_id.str(), order.envelope_members(), order.gates()};
}

void name_order(EvidenceDraft& draft, const AdmittedOrder& order) {
    draft.trigger = Trigger::order;
    draft.order_id = order.payload().order_id;
    draft.runbook_id = order.payload().runbook_id;
    if (!draft.order) draft.order = evidence_of(order);
}

EvidenceDraft draft_of_joined(EvidenceDraft run, const AdmittedOrder& order, const BundleId& run_bundle) {
    name_order(run, order);
    run.post_state.set("joined", Value::object({{"bundle_id", run_bundle.str()}}));
    return run;
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

EvidenceDraft draft_of_refusal(const std::string& offered_id, Refusal refusal, const Runbook* runbook, WallTime now) {
    auto draft = order_draft(now);
    const auto detail = refusal.gates.empty() ? std::string{} : refusal.gates.back().detail;
    draft.outcome = refusal.gate == Gate::expired ? Outcome::expired : Outcome::rejected;
    draft.error = std::string{reason_of(refusal)} + ": " + detail;
    if (refusal.payload) {
        draft.order_id = refusal.payload->order_id;
        draft.runbook_id = refusal.payload->runbook_id;
        if (runbook != nullptr) name_runbook(draft, *runbook);
    }
    draft.order = OrderEvidence{offered_id, std::move(refusal.envelope), std::move(refusal.gates)};
    return draft;
}

EvidenceDraft draft_of_deferral(EvidenceDraft draft, const std::string& offered_id, const PassedOrder& passed,
                                const Deferral& deferral, const Runbook& runbook) {
    draft.trigger = Trigger::order;
    draft.outcome = Outcome::deferred;
    draft.error = std::string{reason_word(deferral.reason)} + ": " + deferral.detail;
    draft.order_id = passed.order.payload().order_id;
    draft.order = OrderEvidence{offered_id, passed.order.envelope().members, passed.gates};
    name_runbook(draft, runbook);
    return draft;
}

EvidenceDraft draft_of_expiry(const OpenOrder& held, const Runbook* runbook, WallTime now) {
    auto draft = order_draft(now);
    draft.started = held.accepted_at;
    draft.outcome = Outcome::expired;
    const auto held_for = held.deferred_for.value_or(Gate::healing_disabled);
    draft.error = "expired: held until its time to live ended (" + std::string{reason_word(held_for)} + ")";
    if (runbook != nullptr) name_runbook(draft, *runbook);
    return draft;
}

EvidenceDraft draft_of_interruption(const OpenOrder& open, const Runbook* runbook, WallTime now) {
    auto draft = order_draft(now);
    draft.started = open.accepted_at;
    draft.outcome = Outcome::failed;
    draft.error =
        "interrupted: the agent stopped after this order was accepted and before its end was recorded; how far it "
        "came is not known, and it is not run again";
    // What changes the host is in the journal from acceptance on, unless the order had joined a run of a drift.
    if (runbook != nullptr && runbook->changes_host() && open.order.payload().mode == OrderMode::apply)
        draft.error =
            "interrupted: the agent stopped after this order was accepted and before its end was recorded; it had "
            "joined the run of a drift, whose own evidence says what became of it, and is not run again";
    if (runbook != nullptr) name_runbook(draft, *runbook);
    return draft;
}

EvidenceDraft refused_late(EvidenceDraft draft, const AdmittedOrder& order, GateEntry verdict) {
    draft.outcome = Outcome::rejected;
    draft.error = std::string{reason_word(verdict.gate)} + ": " + verdict.detail;
    draft.order = evidence_of(order);
    draft.order->gates.push_back(std::move(verdict));
    return draft;
}

EvidenceDraft failed_late(EvidenceDraft draft, std::string error) {
    draft.outcome = Outcome::failed;
    draft.error = std::move(error);
    return draft;
}

}  // namespace agent
