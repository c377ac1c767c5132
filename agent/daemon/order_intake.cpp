#include "daemon/order_intake.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "daemon/order_drafts.hpp"
#include "model/limits.hpp"
#include "orders/gates.hpp"

namespace agent {
namespace {

// An offer under a foreign id is not held against the envelope, but told of once, whatever ids follow.
std::string refusal_key(const std::string& identity, bool held_against_envelope) {
    return held_against_envelope ? identity : sha256_hex(identity + "\nunder a foreign id");
}

}  // namespace

Task<Intake> OrderIntake::take(Offer offer) {
    const auto& parts = ground_.parts;
    const auto loaded = ground_.loaded;
    const auto identity = envelope_identity(offer.envelope);
    AGENT_CO_TRY(const bool refused, parts.store.orders().was_refused(identity));
    if (refused) co_return Intake{KnownOffer{}};

    AGENT_CO_TRY(const auto questions, gate_questions_of(*loaded, &parts.store));
    const OrderGates gates{gate_settings_of(*loaded)};
    AGENT_CO_TRY(auto decision, gates.decide(offer.envelope, offer.id, parts.clock.now(), questions));
    if (std::holds_alternative<AlreadyHandled>(decision)) co_return Intake{KnownOffer{}};
    if (auto* refusal = std::get_if<Refusal>(&decision)) {
        if (!refusal->held_against_envelope) {
            AGENT_CO_TRY(const bool told, parts.store.orders().was_refused(refusal_key(identity, false)));
            if (told) co_return Intake{KnownOffer{}};
        }
        AGENT_CO_TRY(record_refusal(offer, identity, std::move(*refusal), *loaded));
        co_return Intake{RefusedOffer{}};
    }
    auto passed = std::get<PassedOrder>(std::move(decision));
    auto work = admit(std::move(offer), std::move(passed), identity);
    auto admitted = co_await std::move(work);
    co_return admitted;
}

Result<> OrderIntake::record_refusal(const Offer& offer, const std::string& identity, Refusal refusal,
                                     const LoadedAgent& loaded) {
    const auto& parts = ground_.parts;
    const auto now = parts.time.wall_now();
    const std::string reason{reason_of(refusal)};
    const bool is_unsigned = !refusal.signed_by_known_key;
    const auto key = refusal_key(identity, refusal.held_against_envelope);
    const auto* runbook = refusal.payload ? loaded.runbooks.find(refusal.payload->runbook_id) : nullptr;
    const auto draft = draft_of_refusal(offer.id, std::move(refusal), runbook, now);
    log_warning("order refused: " + *draft.error, {{"order", agent::quoted(offer.id)}, {"reason", reason}});

    AGENT_TRY(parts.guard.commit([&](Transaction& transaction) -> Result<> {
        bool recorded = true;
        if (is_unsigned) {
            AGENT_TRY(recorded, count_unsigned(transaction, now));
        }
        AGENT_TRY(parts.store.orders().remember_refusal(transaction, key, reason, now));
        if (recorded) {
            AGENT_TRY(parts.recorder.record(transaction, draft));
        }
        return ok();
    }));
    parts.evidence_written();
    return ok();
}

// Anybody can make these: bounded (PROTOCOL.md section 5).
Result<bool> OrderIntake::count_unsigned(Transaction& transaction, WallTime now) {
    constexpr Duration hour{std::chrono::hours{1}};
    auto& memory = ground_.parts.store.memory();
    AGENT_TRY(const auto near, memory.unsigned_refusals_near(now, hour));
    if (near < limits::unsigned_refusals_per_hour) {
        AGENT_TRY(memory.remember_unsigned_refusal(transaction, now, hour));
        return true;
    }
    AGENT_TRY(auto count, memory.refusal_count());
    ++count.unrecorded;
    AGENT_TRY(memory.write_refusal_count(transaction, count));
    return false;
}

Task<Intake> OrderIntake::admit(Offer offer, PassedOrder passed, std::string identity) {
    const auto loaded = ground_.loaded;  // a reload must not take the runbook away while it is looked at
    const auto& payload = passed.order.payload();
    const auto* runbook = loaded->runbooks.find(payload.runbook_id);
    if (runbook == nullptr) co_return Error{Errc::not_found, "runbook " + payload.runbook_id.str() + " went away"};
    AGENT_CO_TRY(const auto params, runbook->parameters.check(payload.params));

    auto verdict = co_await ground_.judge_plan_now(payload, *runbook, params);
    if (verdict.verdict == Verdict::refuse) {
        AGENT_CO_TRY(record_refusal(offer, identity, refuse_plan(passed, std::move(verdict)), *loaded));
        co_return Intake{RefusedOffer{}};
    }
    passed.gates.push_back(std::move(verdict));

    std::optional<Deferral> deferral;
    const bool joins = under_way_.is_what_it_asks_for(payload, *runbook, params);
    if (payload.mode == OrderMode::apply) {
        AGENT_CO_TRY(deferral, joins ? ground_.judge_joining(*runbook) : ground_.judge(*runbook));
    }
    if (joins && !deferral) {
        AGENT_CO_TRY(join(passed, *runbook));
        co_return Intake{JoinedOffer{}};
    }
    std::optional<EvidenceDraft> deferred;
    if (deferral) {
        passed.gates.push_back({deferral->reason, Verdict::defer, deferral->detail});
        auto draft = order_draft(ground_.parts.time.wall_now());
        if (loaded->policy.mode == HealingMode::dry_run && deferral->reason == Gate::healing_disabled)
            draft = co_await ground_.parts.engine.describe(*runbook, params);
        deferred = draft_of_deferral(std::move(draft), offer.id, passed, *deferral, *runbook);
    }
    AGENT_CO_TRY(auto admitted, accept(passed, *runbook, InRun::its_own, deferral, deferred));
    log_info(deferred ? "order deferred: " + *deferred->error : std::string{"order accepted"},
             {{"order", payload.order_id.str()}, {"runbook", payload.runbook_id.str()}});
    if (!deferred) co_return Intake{std::move(admitted)};
    ground_.parts.evidence_written();
    co_return Intake{HeldOffer{}};
}

Result<> OrderIntake::join(const PassedOrder& passed, const Runbook& runbook) {
    const auto& id = passed.order.payload().order_id;
    AGENT_TRY(auto admitted, accept(passed, runbook, InRun::one_under_way, std::nullopt, std::nullopt));
    log_info("order accepted; it joins the run of a drift that is under way",
             {{"order", id.str()}, {"runbook", runbook.id.str()}});
    under_way_.join(std::move(admitted));
    if (under_way_.has_started()) ground_.parts.executing(id);
    return ok();
}

Result<AdmittedOrder> OrderIntake::accept(const PassedOrder& passed, const Runbook& runbook, InRun run,
                                          const std::optional<Deferral>& deferral,
                                          const std::optional<EvidenceDraft>& deferred) {
    const auto& parts = ground_.parts;
    const auto& payload = passed.order.payload();
    const auto now = parts.time.wall_now();
    const auto held_for = deferral ? std::optional{deferral->reason} : std::nullopt;
    std::optional<AdmittedOrder> admitted;
    AGENT_TRY(parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(auto order, parts.store.orders().accept(transaction, passed.order, passed.gates, now, held_for));
        parts.clock.moved_to(payload.issued_at);
        AGENT_TRY(parts.clock.write(transaction, parts.store.memory()));
        if (deferred) {
            AGENT_TRY(parts.recorder.record(transaction, *deferred));
        } else if (payload.mode == OrderMode::apply && run == InRun::its_own) {
            AGENT_TRY(ground_.begin_run(transaction, runbook, payload.order_id, now));
        }
        admitted.emplace(std::move(order));
        return ok();
    }));
    return std::move(*admitted);
}

}  // namespace agent
