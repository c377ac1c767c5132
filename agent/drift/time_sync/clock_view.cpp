#include "drift/time_sync/clock_view.hpp"

#include <sys/timex.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <map>
#include <vector>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr double ms_per_second = 1e3;
constexpr double us_per_ms = 1e3;
constexpr double ns_per_ms = 1e6;

// The order of the members that `chronyc -c tracking` prints (chronyc(1)).
enum Tracking : std::size_t {
    reference,
    source_name,
    stratum,
    reference_time,
    system_offset,
    last_offset,
    rms_offset,
    frequency,
    residual_frequency,
    skew,
    root_delay,
    root_dispersion,
    update_interval,
    leap_status,
    tracking_members
};
// chronyd's own clock, where its `local` directive makes that a reference.
constexpr std::string_view chrony_local_reference = "7F7F0101";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n\"";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::optional<double> number_in(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
    return number;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find_first_of(separators);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string followed(std::string_view name, std::string_view stratum) {
    return std::string{name} + " (stratum " + std::string{stratum} + ")";
}

std::string_view variable(const std::map<std::string_view, std::string_view>& variables, std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view{} : found->second;
}

}  // namespace

std::string_view name_of(ClockService service) noexcept {
    constexpr std::array<std::string_view, 4> names{"chrony", "timesyncd", "ntpd", "kernel"};
    return names[static_cast<std::size_t>(service)];
}

Result<KernelClock> ask_kernel() {
    timex clock{};
    const int state = ::adjtimex(&clock);
    if (state < 0)
        return system_error(errno, "adjtimex (a sandbox may forbid it: ProtectClock= of the service, or a container)");
    KernelClock kernel;
    // The flag and not TIME_ERROR, which other conditions raise as well.
    kernel.synchronised = (clock.status & STA_UNSYNC) == 0;
    const double unit = (clock.status & STA_NANO) != 0 ? ns_per_ms : us_per_ms;
    if ((clock.status & STA_PLL) != 0) kernel.offset_ms = static_cast<double>(clock.offset) / unit;
    kernel.maximum_error_ms = static_cast<double>(clock.maxerror) / us_per_ms;
    kernel.estimated_error_ms = static_cast<double>(clock.esterror) / us_per_ms;
    return kernel;
}

ClockView view_of(const KernelClock& kernel) {
    ClockView view;
    view.synchronised = kernel.synchronised;
    view.source = kernel.synchronised ? "the kernel's clock is marked synchronised"
                                      : "the kernel's clock is marked unsynchronised";
    view.offset_ms = kernel.offset_ms;
    view.error_most_ms = kernel.maximum_error_ms;
    return view;
}

Result<ClockView> parse_chrony_tracking(std::string_view text) {
    const auto members = split(trimmed(text), ",");
    if (members.size() != tracking_members)
        return Error{Errc::malformed, "chronyc printed no tracking record: " + agent::quoted(text, 120)};
    const auto offset = number_in(members[system_offset]);
    const auto delay = number_in(members[root_delay]);
    const auto dispersion = number_in(members[root_dispersion]);
    if (!offset || !delay || !dispersion)
        return Error{Errc::malformed, "chronyc printed a tracking record without numbers: " + agent::quoted(text, 160)};
    ClockView view;
    const bool own_clock = members[reference] == chrony_local_reference;
    view.synchronised = !own_clock && members[leap_status] != "Not synchronised" && members[stratum] != "0";
    view.source = followed(members[source_name].empty() ? members[reference] : members[source_name], members[stratum]);
    if (own_clock) view.source = "chronyd follows its own clock only (directive local)";
    if (!own_clock && !view.synchronised) view.source = "chronyd follows no source";
    if (view.synchronised) view.offset_ms = *offset * ms_per_second;
    // RFC 5905 section 11.2: how far off the followed clock itself may be.
    if (view.synchronised) view.error_most_ms = (std::abs(*offset) + *dispersion + *delay / 2) * ms_per_second;
    view.facts = Value::object({{"reference_id", std::string{members[reference]}},
                                {"name", std::string{members[source_name]}},
                                {"stratum", std::string{members[stratum]}},
                                {"system_time_sec", *offset},
                                {"last_offset_sec", number_in(members[last_offset]).value_or(0)},
                                {"rms_offset_sec", number_in(members[rms_offset]).value_or(0)},
                                {"root_delay_sec", *delay},
                                {"root_dispersion_sec", *dispersion},
                                {"leap_status", std::string{members[leap_status]}}});
    return view;
}

Result<ClockView> parse_ntp_variables(std::string_view text) {
    std::map<std::string_view, std::string_view> variables;
    for (const auto part : split(text, ",\n")) {
        const auto equals = part.find('=');
        if (equals == std::string_view::npos) continue;
        variables[trimmed(part.substr(0, equals))] = trimmed(part.substr(equals + 1));
    }
    const auto leap = variable(variables, "leap");
    const auto stratum = variable(variables, "stratum");
    const auto offset = number_in(variable(variables, "offset"));
    const auto reference = variable(variables, "refid");
    if (leap.empty() || stratum.empty() || !offset)
        return Error{Errc::malformed, "ntpq printed no system variables: " + agent::quoted(text, 160)};
    ClockView view;
    const bool alarm = leap == "11" || leap == "3" || stratum == "16" || stratum == "0";
    const bool own_clock =
        reference.starts_with("LOCL") || reference.starts_with("LOCAL") || reference.starts_with("127.127.1.");
    view.synchronised = !alarm && !own_clock;
    view.source = followed(reference, stratum);
    if (own_clock) view.source = "ntpd follows its own clock only";
    if (alarm) view.source = "ntpd follows no source";
    if (view.synchronised) view.offset_ms = *offset;
    const auto dispersion = number_in(variable(variables, "rootdisp"));
    const auto delay = number_in(variable(variables, "rootdelay"));
    if (view.synchronised && dispersion && delay) view.error_most_ms = std::abs(*offset) + *dispersion + *delay / 2;
    view.facts = Value::object({{"leap", std::string{leap}},
                                {"stratum", std::string{stratum}},
                                {"reference_id", std::string{reference}},
                                {"offset_ms", *offset}});
    return view;
}

}  // namespace agent
