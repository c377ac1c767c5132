#pragma once
// Whether this host's clock is synchronised, and by how much it is off: by whatever daemon disciplines it, by the
// kernel, and by the order server's authenticated Date.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/time_sync/time_sync_baseline.hpp"

namespace agent {

// Where the daemons are to be found; of several programs the first that is there is asked.
struct ClockHost {
    std::filesystem::path chrony_socket{"/run/chrony/chronyd.sock"};
    std::vector<std::filesystem::path> chronyc{"/usr/bin/chronyc", "/run/current-system/sw/bin/chronyc"};
    std::filesystem::path timesyncd_folder{"/run/systemd/timesync"};  // there as long as the daemon runs
    std::filesystem::path ntpd_pid_file{"/run/ntpd.pid"};
    std::vector<std::filesystem::path> ntpq{"/usr/bin/ntpq", "/run/current-system/sw/bin/ntpq"};
    std::filesystem::path proc{"/proc"};
};

// The fact that holds the measured offset, whole milliseconds, for `ntp_offset_ms` of evidence.
inline constexpr std::string_view offset_fact = "offset_ms";

class TimeSyncCheck final : public Check {
public:
    TimeSyncCheck(TimeSyncBaseline baseline, ClockHost host) : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const TimeSyncBaseline& baseline() const noexcept { return baseline_; }

private:
    TimeSyncBaseline baseline_;
    ClockHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_time_sync(MapReader& keys, CheckName name);

// What was seen of the clock.
struct TimeSyncView {
    std::optional<ClockService> running;  // the one found, or the declared one where it is there; kernel: no daemon
    std::string missing;                  // of the declared one: what is not there
    Result<KernelClock> kernel;
    Result<ClockView> clock;
    std::optional<WallTime> last_synchronised;  // timesyncd's own note
};
[[nodiscard]] CheckReport judge_time_sync(const TimeSyncBaseline& baseline, const TimeSyncView& view,
                                          const std::optional<ServerClock>& server, WallTime now);

}  // namespace agent
