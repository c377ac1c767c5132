#pragma once
// An order's way through the agent: gates, plan, policy, acceptance, carrying out, evidence. Decisions are made by the
// rooms below; here they are put in order and made durable.
#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "async/wake.hpp"
#include "courier/core_port.hpp"
#include "daemon/loaded_agent.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/state_guard.hpp"
#include "evidence/recorder.hpp"
#include "healing/engine.hpp"

namespace agent {

struct OrderDeskParts {
    StateStore& store;
    StateGuard& guard;
    TimeSource& time;
    Recorder& recorder;
    HealingEngine& engine;
    OrderClock& clock;
    std::function<void()> evidence_written;
};

class OrderDesk {
public:
    OrderDesk(const asio::any_io_executor& executor, OrderDeskParts parts, std::shared_ptr<const LoadedAgent> loaded)
        : parts_{std::move(parts)}, loaded_{std::move(loaded)}, wake_{executor} {}

    // An envelope from anywhere. An error is a storage fault: nothing was decided, it may be offered again.
    [[nodiscard]] Task<Delivery> deliver(Offer offer);

    // At start, before anything runs: orders found half-executed are closed with evidence, never run again.
    [[nodiscard]] Result<> close_interrupted();

    // Carries out what was accepted and looks after held orders, until stopped.
    [[nodiscard]] Task<> work_forever();
    // The same for what can run now, then returns.
    [[nodiscard]] Task<> work_once();

    // Hold, configuration or time may have changed for held orders.
    void look_again() { wake_.ring(); }
    void change(std::shared_ptr<const LoadedAgent> loaded);
    // work_forever() returns once every order accepted so far is closed.
    void finish();

private:
    [[nodiscard]] Result<> record_refusal(const Offer& offer, const std::string& identity, Refusal refusal);
    [[nodiscard]] Task<Delivery> accept(Offer offer, PassedOrder passed, std::string identity);
    [[nodiscard]] Result<std::optional<Deferral>> judge(const Runbook& runbook);
    [[nodiscard]] asio::awaitable<GateEntry> judge_plan_now(const OrderPayload& payload, const Runbook& runbook,
                                                            const Value& params);
    [[nodiscard]] Task<> carry_out(AdmittedOrder order);
    [[nodiscard]] asio::awaitable<EvidenceDraft> run(const LoadedAgent& loaded, const AdmittedOrder& order);
    [[nodiscard]] Task<> look_at_held(OpenOrder held);
    [[nodiscard]] Task<> look_at_all_held();
    [[nodiscard]] Result<> close(const AdmittedOrder& order, EvidenceDraft draft);
    [[nodiscard]] Result<> close_or_keep(AdmittedOrder order, EvidenceDraft draft);
    void record_what_was_kept();
    void note_next_look(Duration in);

    OrderDeskParts parts_;
    std::shared_ptr<const LoadedAgent> loaded_;
    Wake wake_;
    std::deque<AdmittedOrder> accepted_;
    // Carried out, but the evidence could not be stored yet (disk full): kept and tried again.
    struct Unrecorded {
        AdmittedOrder order;
        EvidenceDraft draft;
    };
    std::deque<Unrecorded> unrecorded_;
    Duration next_look_{std::chrono::hours{24}};
    bool finishing_{false};
};

}  // namespace agent
