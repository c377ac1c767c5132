#pragma once
// The core's side of the seam to the courier, for courier and core in one process.
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "async/wake.hpp"
#include "courier/core_port.hpp"
#include "daemon/loaded_agent.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/order_desk.hpp"

namespace agent {

class Core final : public CorePort {
public:
    Core(const asio::any_io_executor& executor, StateStore& store, StateGuard& guard, TimeSource& time,
         OrderDesk& orders, OrderClock& clock, std::shared_ptr<const LoadedAgent> loaded);

    [[nodiscard]] Task<Delivery> deliver(Offer offer) override;
    [[nodiscard]] Result<std::optional<OutgoingBundle>> next_bundle(std::int64_t position) override;
    [[nodiscard]] Result<> acknowledge(const OutgoingBundle& bundle, const std::string& receipt) override;
    [[nodiscard]] Result<> quarantine(const BundleId& id, const std::string& reason) override;
    [[nodiscard]] std::optional<OrderId> take_progress() override;
    [[nodiscard]] Task<> wait_to_send() override;
    void succeeded(LoopName loop) override;
    void failed(LoopName loop, const Error& error) override;
    void server_time(WallTime server, WallTime ours) override;

    // Writes acknowledgements that are due, a second after the first of a batch at the latest; until stopped.
    [[nodiscard]] Task<> flush_forever();
    [[nodiscard]] Result<> flush();
    // There may be something to upload.
    void ring() { send_.ring(); }
    // This order begins to be carried out; nothing: it has ended.
    void executing(std::optional<OrderId> order);
    void change(std::shared_ptr<const LoadedAgent> loaded) { loaded_ = std::move(loaded); }

private:
    void write_loop(LoopName loop, LoopRecord record);
    void keep_server_clock(const StoredServerClock& heard);

    StateStore& store_;
    StateGuard& guard_;
    TimeSource& time_;
    OrderDesk& orders_;
    OrderClock& clock_;
    std::shared_ptr<const LoadedAgent> loaded_;
    Wake send_;
    Wake receipts_;
    std::vector<BundleReceipt> receipts_to_write_;
    std::optional<SignedBundle> sending_;  // what the receipt must speak of
    std::optional<OrderId> begun_;         // and the courier does not know yet
    bool clock_warned_{false};
    std::optional<StoredServerClock> server_clock_;  // as last written down
};

}  // namespace agent
