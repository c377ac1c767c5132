#pragma once
// Evidence about orders, as drafts for the recorder. Pure.
#include "healing/policy.hpp"
#include "healing/runbook.hpp"
#include "model/bundle.hpp"
#include "model/order.hpp"
#include "orders/gates.hpp"
#include "store/order_ledger.hpp"

namespace agent {

// Of an order, before anything is known of its end.
[[nodiscard]] EvidenceDraft order_draft(WallTime now);
void name_runbook(EvidenceDraft& draft, const Runbook& runbook);

[[nodiscard]] OrderEvidence evidence_of(const AdmittedOrder& order);
// `draft` is evidence of what came of `order`.
void name_order(EvidenceDraft& draft, const AdmittedOrder& order);
// Of an order that joined a run, whose own evidence is `run`, in the bundle `run_bundle`.
[[nodiscard]] EvidenceDraft draft_of_joined(EvidenceDraft run, const AdmittedOrder& order, const BundleId& run_bundle);

// Gate 15 refuses an order that passed those before it.
[[nodiscard]] Refusal refuse_plan(const PassedOrder& passed, GateEntry verdict);
// `runbook` is null where the order names none that is known.
[[nodiscard]] EvidenceDraft draft_of_refusal(const std::string& offered_id, Refusal refusal, const Runbook* runbook,
                                             WallTime now);
// `draft` may hold the plan; the gates of `passed` end with the one that defers.
[[nodiscard]] EvidenceDraft draft_of_deferral(EvidenceDraft draft, const std::string& offered_id,
                                              const PassedOrder& passed, const Deferral& deferral,
                                              const Runbook& runbook);
// Local policy held it until its time to live ended.
[[nodiscard]] EvidenceDraft draft_of_expiry(const OpenOrder& held, const Runbook* runbook, WallTime now);
// A crash came between acceptance and end.
[[nodiscard]] EvidenceDraft draft_of_interruption(const OpenOrder& open, const Runbook* runbook, WallTime now);
// A gate that passed when the order was accepted, and does not any more.
[[nodiscard]] EvidenceDraft refused_late(EvidenceDraft draft, const AdmittedOrder& order, GateEntry verdict);
// The runbook that was accepted cannot be carried out any more.
[[nodiscard]] EvidenceDraft failed_late(EvidenceDraft draft, std::string error);

}  // namespace agent
