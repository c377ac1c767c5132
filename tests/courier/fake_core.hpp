#pragma once
// A core that keeps its queue in memory and remembers what it was told.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/wake.hpp"
#include "courier/core_port.hpp"

namespace agent::testing {

class FakeCore final : public CorePort {
public:
    explicit FakeCore(const asio::any_io_executor& executor) : bell_{executor} {}

    std::map<std::int64_t, OutgoingBundle> queue;  // by position
    std::vector<std::string> delivered;            // ids of offers
    std::set<std::string> known;                   // envelopes seen
    std::vector<std::string> acknowledged;
    std::vector<std::pair<std::string, std::string>> quarantined;  // id and reason
    std::vector<std::pair<LoopName, Error>> failures;
    int polls{0};
    int uploads{0};
    std::vector<WallTime> server_times;
    bool batches{false};  // acknowledged bundles stay in the queue until flushed
    bool broken{false};   // the disk fails

    void add(std::int64_t position, const std::string& id) {
        OutgoingBundle bundle;
        bundle.position = position;
        bundle.id = BundleId{id};
        bundle.bytes = R"({"bundle_id":")" + id + "\"}";
        queue.emplace(position, std::move(bundle));
        bell_.ring();
    }

    void begin(const std::string& order) {
        begun_ = OrderId{order};
        bell_.ring();
    }

    [[nodiscard]] Task<Delivery> deliver(Offer offer) override {
        if (broken) co_return Error{Errc::storage, "the disk is broken"};
        delivered.push_back(offer.id);
        co_return known.insert(offer.envelope).second ? Delivery::fresh : Delivery::known;
    }
    [[nodiscard]] Result<std::optional<OutgoingBundle>> next_bundle(std::int64_t position) override {
        if (broken) return Error{Errc::storage, "the disk is broken"};
        const auto found = queue.upper_bound(position);
        if (found == queue.end()) return std::optional<OutgoingBundle>{};
        return std::optional<OutgoingBundle>{found->second};
    }
    [[nodiscard]] Result<> acknowledge(const OutgoingBundle& bundle, const std::string& receipt) override {
        if (receipt != R"({"for":")" + bundle.id.str() + "\"}")
            return Error{Errc::untrusted, "the receipt is for something else"};
        acknowledged.push_back(bundle.id.str());
        if (!batches) queue.erase(bundle.position);
        return ok();
    }
    [[nodiscard]] Result<> quarantine(const BundleId& id, const std::string& reason) override {
        quarantined.emplace_back(id.str(), reason);
        std::erase_if(queue, [&](const auto& entry) { return entry.second.id == id; });
        return ok();
    }
    [[nodiscard]] std::optional<OrderId> take_progress() override { return std::exchange(begun_, std::nullopt); }
    [[nodiscard]] Task<> wait_to_send() override { return bell_.wait(); }

    void succeeded(LoopName loop) override { ++(loop == LoopName::poll ? polls : uploads); }
    void failed(LoopName loop, const Error& error) override { failures.emplace_back(loop, error); }
    void server_time(WallTime server, WallTime /*ours*/) override { server_times.push_back(server); }

private:
    std::optional<OrderId> begun_;
    Wake bell_;
};

}  // namespace agent::testing
