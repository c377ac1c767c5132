#pragma once
// Delivery: an envelope goes through gates, plan and policy, and what was decided is made durable with its evidence.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "codec/offers.hpp"
#include "daemon/joinable_run.hpp"
#include "daemon/order_ground.hpp"
#include "model/order.hpp"

namespace agent {

struct KnownOffer {};    // seen before; nothing came of it
struct RefusedOffer {};  // and its evidence is written
struct HeldOffer {};     // accepted; policy makes it wait
struct JoinedOffer {};   // accepted; it ends with the run of a drift that is under way
// What became of an offer. An admitted order is to be carried out, by whoever has it.
using Intake = std::variant<KnownOffer, RefusedOffer, HeldOffer, JoinedOffer, AdmittedOrder>;

class OrderIntake {
public:
    OrderIntake(const OrderGround& ground, JoinableRun& under_way) : ground_{ground}, under_way_{under_way} {}

    // An error is a storage fault: nothing was decided, it may be offered again.
    [[nodiscard]] Task<Intake> take(Offer offer);

private:
    [[nodiscard]] Result<> record_refusal(const Offer& offer, const std::string& identity, Refusal refusal,
                                          const LoadedAgent& loaded);
    // Whether a refusal of what nobody known has signed may have a bundle of its own; counted either way.
    [[nodiscard]] Result<bool> count_unsigned(Transaction& transaction, WallTime now);
    [[nodiscard]] Task<Intake> admit(Offer offer, PassedOrder passed, std::string identity);
    enum class InRun : std::uint8_t { its_own, one_under_way };
    // Stores the acceptance; with `deferred`, as an order that waits.
    [[nodiscard]] Result<AdmittedOrder> accept(const PassedOrder& passed, const Runbook& runbook, InRun run,
                                               const std::optional<Deferral>& deferral,
                                               const std::optional<EvidenceDraft>& deferred);
    // Without a pause since it was seen that the run is under way.
    [[nodiscard]] Result<> join(const PassedOrder& passed, const Runbook& runbook);

    const OrderGround& ground_;
    JoinableRun& under_way_;
};

}  // namespace agent
