#pragma once
// Carrying out: an admitted order comes to its one end, and its evidence is stored, however long that takes.
#include <deque>

#include "daemon/order_ground.hpp"
#include "model/order.hpp"

namespace agent {

class OrderExecution {
public:
    explicit OrderExecution(const OrderGround& ground) : ground_{ground} {}

    [[nodiscard]] Task<> carry_out(AdmittedOrder order);
    // The end of `order`, with its evidence, in one transaction.
    [[nodiscard]] Result<> close(const AdmittedOrder& order, EvidenceDraft draft);
    // At start, before anything runs: orders found half-executed are closed with evidence, never run again.
    [[nodiscard]] Result<> close_interrupted();

    // What was done is never forgotten because its evidence could not be written at once (disk full).
    void record_what_was_kept();
    [[nodiscard]] bool keeps_some() const noexcept { return !unrecorded_.empty(); }

private:
    [[nodiscard]] asio::awaitable<EvidenceDraft> run(const LoadedAgent& loaded, const AdmittedOrder& order);
    [[nodiscard]] Result<> close_or_keep(AdmittedOrder order, EvidenceDraft draft);

    const OrderGround& ground_;
    struct Unrecorded {
        AdmittedOrder order;
        EvidenceDraft draft;
    };
    std::deque<Unrecorded> unrecorded_;
};

}  // namespace agent
