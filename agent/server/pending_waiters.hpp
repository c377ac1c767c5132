#pragma once
// Held polls: each is a coroutine that waits for its doorbell; none has a thread.
#include <cstddef>
#include <map>
#include <utility>

#include "async/wake.hpp"
#include "server/http_message.hpp"

namespace agent {

class PendingWaiters {
    using Host = std::pair<SiteId, HostId>;
    using Entries = std::multimap<Host, Wake*>;

public:
    // Leaves when it is destroyed.
    class Place {
    public:
        Place(PendingWaiters& waiters, Entries::iterator entry) : waiters_{&waiters}, entry_{entry} {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        Place(Place&&) = delete;
        Place& operator=(Place&&) = delete;
        ~Place() { waiters_->entries_.erase(entry_); }

    private:
        PendingWaiters* waiters_;
        Entries::iterator entry_;
    };

    // Rings `wake` whenever there may be something for this host. `wake` outlives the place.
    [[nodiscard]] Place join(const SiteId& site, const HostId& host, Wake& wake) {
        return {*this, entries_.emplace(Host{site, host}, &wake)};
    }
    void ring(const Audience& audience);
    void ring_all();
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    Entries entries_;
};

}  // namespace agent
