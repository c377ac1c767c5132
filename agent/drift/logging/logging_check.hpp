#pragma once
// Whether what is logged arrives: services that must run, a message of our own at every configured place, a forwarding
// queue that does not only grow, the audit daemon.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/logging/log_queue.hpp"
#include "drift/logging/logging_baseline.hpp"

namespace agent {

struct LogHost {
    std::filesystem::path socket{"/dev/log"};
    std::vector<std::filesystem::path> journalctl{"/usr/bin/journalctl", "/run/current-system/sw/bin/journalctl"};
    std::vector<std::string> journal_arguments;  // where another journal than the system's is read
    std::filesystem::path rsyslogd{"/usr/sbin/rsyslogd"};
    std::vector<std::filesystem::path> auditctl{"/usr/sbin/auditctl", "/run/current-system/sw/bin/auditctl"};
};

// How often the canary was seen at one place.
struct Arrival {
    LogPlace place;
    Result<int> seen;
};

struct LoggingView {
    std::vector<std::pair<std::string, Result<UnitState>>> units;
    Result<> sent{ok()};
    std::vector<Arrival> arrivals;  // none where nothing could be sent
    std::optional<Result<QueueSighting>> queue;
    std::optional<Result<std::int64_t>> audit_enabled;  // as `auditctl -s` tells: 0 off, 1 on, 2 on and locked
};
[[nodiscard]] CheckReport judge_logging(const LoggingBaseline& baseline, const LoggingView& view);
[[nodiscard]] Result<std::int64_t> parse_audit_status(std::string_view text);

class LoggingCheck final : public Check {
public:
    LoggingCheck(LoggingBaseline baseline, LogHost host) : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;
    [[nodiscard]] const LoggingBaseline& baseline() const noexcept { return baseline_; }

private:
    [[nodiscard]] std::vector<std::string> units() const;
    [[nodiscard]] Task<int> find_in_journal(CheckTools& tools, const std::string& token) const;
    [[nodiscard]] Task<> follow_canary(CheckTools& tools, LoggingView& view) const;
    [[nodiscard]] Task<std::int64_t> ask_audit(CheckTools& tools) const;

    LoggingBaseline baseline_;
    LogHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_logging(MapReader& keys, CheckName name);

}  // namespace agent
