#include "server/pending_waiters.hpp"

namespace agent {

void PendingWaiters::ring(const Audience& audience) {
    const bool whole_site = audience.host_id.str() == "*";
    auto entry = entries_.lower_bound({audience.site_id, whole_site ? HostId{} : audience.host_id});
    for (; entry != entries_.end() && entry->first.first == audience.site_id; ++entry) {
        if (!whole_site && entry->first.second != audience.host_id) return;
        entry->second->ring();
    }
}

void PendingWaiters::ring_all() {
    for (const auto& [host, wake] : entries_) wake->ring();
}

}  // namespace agent
