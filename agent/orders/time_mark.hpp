#pragma once
// "Now" for orders: the later of the host's clock and a mark that only signed times and the boot clock move
// (PROTOCOL.md section 4). Pure; the caller persists it.
#include <string>

#include "base/time.hpp"
#include "store/agent_memory.hpp"

namespace agent {

class TimeMark {
public:
    TimeMark() = default;  // nothing signed seen yet
    // As stored; after a reboot (`boot_id` differs) it stands where it last was until something signed moves it.
    TimeMark(const StoredTimeMark& stored, const std::string& boot_id);

    // Something signed is of this time: the issue time of an accepted order, `received_at` of a verified receipt.
    // An earlier time than the mark's changes nothing.
    void move_to(WallTime signed_time, Duration since_boot, const std::string& boot_id);

    [[nodiscard]] WallTime at(Duration since_boot) const noexcept;
    [[nodiscard]] WallTime now(WallTime host_clock, Duration since_boot) const noexcept;
    // The host's clock is more than limits::clock_behind_mark below the mark.
    [[nodiscard]] bool clock_untrusted(WallTime host_clock, Duration since_boot) const noexcept;
    // What to write down; read back in another boot, it stands at the moment of this call.
    [[nodiscard]] StoredTimeMark stored(Duration since_boot) const;

private:
    WallTime mark_{};
    Duration written_at_{};  // boot clock at mark_
    bool runs_{false};       // the boot clock since counts
    std::string boot_id_;    // of the boot that written_at_ belongs to
};

}  // namespace agent
