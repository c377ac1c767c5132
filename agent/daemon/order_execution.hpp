#pragma once
// Carrying out: an admitted order, or a run that local policy starts, comes to its one end, and its evidence is stored,
// however long that takes.
#include <deque>
#include <functional>
#include <vector>

#include "daemon/instance_lock.hpp"
#include "daemon/joinable_run.hpp"
#include "daemon/order_ground.hpp"
#include "daemon/stored_run.hpp"
#include "model/order.hpp"

namespace agent {

class OrderExecution {
public:
    // `order_repaired` hears of a check that an order's run has just looked after, whatever came of it.
    OrderExecution(const OrderGround& ground, JoinableRun& under_way,
                   std::function<void(const CheckName&)> order_repaired)
        : ground_{ground}, under_way_{under_way}, order_repaired_{std::move(order_repaired)} {}

    [[nodiscard]] Task<> carry_out(AdmittedOrder order);
    // A run that a drift started; policy has been asked. Orders that join it meanwhile end with it.
    [[nodiscard]] Task<> heal(const LoadedAgent& loaded, const Runbook& runbook);
    // The end of `order`, with its evidence, in one transaction.
    [[nodiscard]] Result<> close(const AdmittedOrder& order, EvidenceDraft draft);
    // At start, before anything is accepted: orders and runs found half-way. close_interrupted() brings each to its
    // end, with evidence (recovery.hpp); none is run again.
    [[nodiscard]] Result<> find_interrupted();
    [[nodiscard]] Task<> close_interrupted();

    // What was done is never forgotten because its evidence could not be written at once (disk full).
    void record_what_was_kept();
    [[nodiscard]] bool keeps_some() const noexcept { return !unrecorded_.empty(); }

private:
    // What has ended: an order, with or without a run, or a run that nobody ordered.
    struct Ended {
        std::optional<AdmittedOrder> order;
        std::optional<std::int64_t> run;  // its number in the journal
        EvidenceDraft draft;
        std::vector<AdmittedOrder> joined{};  // the orders that ended with that run
    };
    // `number` is that of the run in the journal; nothing where the runbook changes nothing.
    [[nodiscard]] asio::awaitable<EvidenceDraft> run(const LoadedAgent& loaded, const AdmittedOrder& order,
                                                     std::optional<std::int64_t> number);
    [[nodiscard]] asio::awaitable<EvidenceDraft> apply(const Runbook& runbook, Mandate mandate,
                                                       std::optional<std::int64_t> number) const;
    [[nodiscard]] Task<> close_interrupted(OpenOrder& cut);
    // Waits while another process changes this host, and closes what such a one left half-way.
    [[nodiscard]] Task<HealingLock> take_turn(const std::filesystem::path& state_dir);
    [[nodiscard]] Task<> close_strays();
    [[nodiscard]] asio::awaitable<EvidenceDraft> finish(const OpenRun& run) const;
    [[nodiscard]] bool is_kept(std::int64_t run) const;
    [[nodiscard]] StoredRun journal_of(std::optional<std::int64_t> run) const;
    [[nodiscard]] Result<std::optional<std::int64_t>> begin_by_policy(const Runbook& runbook) const;
    // The run that they joined never began.
    [[nodiscard]] Result<> fail_joined(const Runbook& runbook, const Error& why);
    [[nodiscard]] Result<> store(const AdmittedOrder* order, std::optional<std::int64_t> run, EvidenceDraft draft,
                                 const std::vector<AdmittedOrder>& joined);
    [[nodiscard]] Result<> store_joined(Transaction& transaction, const std::vector<AdmittedOrder>& joined,
                                        const EvidenceDraft& draft, const BundleId& run_bundle) const;
    [[nodiscard]] Result<> store_or_keep(Ended ended);

    const OrderGround& ground_;
    JoinableRun& under_way_;
    std::function<void(const CheckName&)> order_repaired_;
    std::deque<OpenOrder> interrupted_;
    bool found_strays_{false};  // runs that nobody ordered
    std::deque<Ended> unrecorded_;
};

}  // namespace agent
