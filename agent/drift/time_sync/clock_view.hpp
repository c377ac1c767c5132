#pragma once
// What disciplines this host's clock says of it. Offsets are positive where the reference is ahead of us.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/value.hpp"

namespace agent {

enum class ClockService : std::uint8_t { chrony, timesyncd, ntpd, kernel };
[[nodiscard]] std::string_view name_of(ClockService service) noexcept;

// The kernel's own record, which every daemon keeps (chronyd only with its `rtcsync`).
struct KernelClock {
    bool synchronised{};
    std::optional<double> offset_ms;  // nothing where no daemon lets the kernel work it off
    double maximum_error_ms{};
    double estimated_error_ms{};
};
// adjtimex, which needs no right to read; `system` where a sandbox forbids it.
[[nodiscard]] Result<KernelClock> ask_kernel();

struct ClockView {
    bool synchronised{};
    std::string source;               // who is followed, for people; why nobody where not synchronised
    std::optional<double> offset_ms;  // nothing: not told
    std::optional<double> error_most_ms;
    Value facts{Value::Object{}};
};

[[nodiscard]] ClockView view_of(const KernelClock& kernel);
// What `chronyc -c tracking` prints.
[[nodiscard]] Result<ClockView> parse_chrony_tracking(std::string_view text);
// What `ntpq -c rv` prints.
[[nodiscard]] Result<ClockView> parse_ntp_variables(std::string_view text);

}  // namespace agent
