#include "orders/gates.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "model/limits.hpp"
#include "orders/signature_gates.hpp"

namespace agent {
namespace {

GateEntry judge_audience(const OrderPayload& order, const SiteId& site, const HostId& host) {
    const auto audience = "site " + order.site_id.str() + ", host " + order.host_id.str();
    if (order.site_id == site && (order.host_id == host || order.host_id.str() == "*"))
        return passed(Gate::wrong_audience, audience);
    return refused(Gate::wrong_audience,
                   "addressed to " + audience + "; this is site " + site.str() + ", host " + host.str());
}

GateEntry judge_ttl(const OrderPayload& order, std::int64_t most) {
    const auto range = std::to_string(order.ttl_seconds) + " s, allowed are " +
                       std::to_string(limits::ttl_least_seconds) + " to " + std::to_string(most);
    if (order.ttl_seconds < limits::ttl_least_seconds || order.ttl_seconds > most)
        return refused(Gate::ttl_out_of_range, range);
    return passed(Gate::ttl_out_of_range, range);
}

GateEntry judge_issue(const OrderPayload& order, WallTime now) {
    const auto times = "issued at " + format_rfc3339(order.issued_at) + ", now is " + format_rfc3339(now);
    const bool near_the_end_of_time = now > WallTime::max() - limits::issued_ahead;
    if (!near_the_end_of_time && order.issued_at > now + limits::issued_ahead)
        return refused(Gate::not_yet_valid,
                       times + "; at most " + format_duration(limits::issued_ahead) + " ahead is allowed");
    return passed(Gate::not_yet_valid, times);
}

GateEntry judge_expiry(const OrderPayload& order, WallTime now) {
    const auto end = order.expires_at();
    if (now >= end)
        return refused(Gate::expired, "ended at " + format_rfc3339(end) + ", now is " + format_rfc3339(now));
    return passed(Gate::expired, "ends at " + format_rfc3339(end));
}

GateEntry judge_novelty(const OrderPayload& order, Familiarity familiarity,
                        const std::optional<WallTime>& orders_not_before) {
    if (familiarity == Familiarity::replayed)
        return refused(Gate::replayed, "another accepted order has its order_id " + order.order_id.str() +
                                           " or its nonce " + order.nonce);
    if (orders_not_before && order.issued_at < *orders_not_before)
        return refused(Gate::replayed, "issued at " + format_rfc3339(order.issued_at) + ", before " +
                                           format_rfc3339(*orders_not_before) +
                                           ": the record of orders accepted until then was lost, so a replay could not "
                                           "be told from a new order; sign it anew");
    return passed(Gate::replayed, "order_id and nonce are new");
}

// The answer to a question, under the gate that asked it.
GateEntry judge_answer(Gate gate, std::optional<GateEntry> refusal, std::string detail) {
    if (refusal) return refused(gate, std::move(refusal->detail));
    return passed(gate, std::move(detail));
}

GateEntry judge_permission(const RunbookId& runbook, const std::vector<KeyId>& verified_by, const Keyring& keyring,
                           WallTime now) {
    std::string may;
    std::size_t count = 0;
    for (const auto& key : verified_by) {
        if (!keyring.permits(key, runbook, now)) continue;
        may += (may.empty() ? "" : ", ") + key.str();
        ++count;
    }
    if (count >= keyring.threshold) return passed(Gate::key_not_permitted, "permitted by " + may);
    return refused(Gate::key_not_permitted, std::to_string(count) + " of the " + std::to_string(verified_by.size()) +
                                                " verifying keys may order " + runbook.str() + ", at least " +
                                                std::to_string(keyring.threshold) + " must");
}

Refusal refusal_of(SignatureVerdict verdict) {
    Refusal refusal;
    refusal.gate = verdict.gates.back().gate;
    refusal.gates = std::move(verdict.gates);
    if (verdict.envelope) refusal.envelope = std::move(verdict.envelope->members);
    refusal.payload = std::move(verdict.payload);
    refusal.signed_by_known_key = !verdict.verified_by.empty();
    refusal.held_against_envelope = verdict.held_against_envelope;
    return refusal;
}

}  // namespace

std::string_view reason_of(const Refusal& refusal) noexcept { return reason_word(refusal.gate); }

Result<GateDecision> OrderGates::decide(std::string_view envelope_bytes, const std::optional<std::string>& offered_id,
                                        WallTime now, const GateQuestions& questions) const {
    const auto& keyring = *settings_.keyring;
    auto verdict = verify_envelope(envelope_bytes, keyring, keyring.threshold, offered_id, now);
    if (!verdict.payload) return GateDecision{refusal_of(std::move(verdict))};

    const auto& order = *verdict.payload;
    AGENT_TRY(const auto familiarity, in_context(questions.familiarity(order, verdict.envelope->payload),
                                                 "looking for order " + order.order_id.str() + " in the ledger"));
    if (familiarity == Familiarity::handled)
        return GateDecision{AlreadyHandled{order.order_id, std::move(verdict.gates)}};

    const auto admits = [&gates = verdict.gates](GateEntry entry) {
        gates.push_back(std::move(entry));
        return gates.back().verdict == Verdict::pass;
    };
    const bool all_passed = admits(judge_audience(order, settings_.site_id, settings_.host_id)) &&
                            admits(judge_ttl(order, settings_.max_ttl_seconds)) && admits(judge_issue(order, now)) &&
                            admits(judge_expiry(order, now)) &&
                            admits(judge_novelty(order, familiarity, questions.orders_not_before)) &&
                            admits(judge_answer(Gate::unknown_runbook, questions.runbook_known(order.runbook_id),
                                                order.runbook_id.str())) &&
                            admits(judge_permission(order.runbook_id, verdict.verified_by, keyring, now)) &&
                            admits(judge_answer(Gate::bad_params, questions.params_fit(order.runbook_id, order.params),
                                                "parameters fit " + order.runbook_id.str()));
    if (!all_passed) return GateDecision{refusal_of(std::move(verdict))};
    return GateDecision{PassedOrder{VerifiedOrder{VerifiedOrder::Passkey{}, *std::move(verdict.envelope),
                                                  *std::move(verdict.payload), std::move(verdict.verified_by)},
                                    std::move(verdict.gates)}};
}

GateEntry judge_plan(const OrderPayload& order, std::string_view current_plan_sha256) {
    if (order.mode == OrderMode::plan || !order.plan_sha256)
        return passed(Gate::plan_changed, "the order quotes no plan to hold to");
    if (*order.plan_sha256 == current_plan_sha256)
        return passed(Gate::plan_changed, "the plan is still " + std::string{current_plan_sha256});
    return refused(Gate::plan_changed, "the order quotes plan " + agent::quoted(*order.plan_sha256) +
                                           ", the plan of this host is now " + std::string{current_plan_sha256} +
                                           "; order a plan again and look at it");
}

std::optional<GateEntry> judge_times(const OrderPayload& order, std::int64_t max_ttl_seconds, WallTime now) {
    // One after the other: the end of an order whose ttl is out of range need not be a time at all.
    if (auto entry = judge_ttl(order, max_ttl_seconds); entry.verdict == Verdict::refuse) return entry;
    if (auto entry = judge_issue(order, now); entry.verdict == Verdict::refuse) return entry;
    if (auto entry = judge_expiry(order, now); entry.verdict == Verdict::refuse) return entry;
    return std::nullopt;
}

}  // namespace agent
