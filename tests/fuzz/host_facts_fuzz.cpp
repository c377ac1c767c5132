// What this host's programs and files tell: time daemons, clamd, auditctl, dpkg, the kernel's tables of sockets.
#include <cmath>

#include "drift/av_edr/clamd.hpp"
#include "drift/custom/debian_version.hpp"
#include "drift/custom/dpkg_status.hpp"
#include "drift/custom/listening_sockets.hpp"
#include "drift/logging/log_queue.hpp"
#include "drift/logging/logging_check.hpp"
#include "drift/time_sync/clock_view.hpp"
#include "fuzz/fuzz.hpp"

namespace {

void look_at_clock(const agent::Result<agent::ClockView>& view) {
    if (view.has_error()) return;
    const auto& offset = view.value().offset_ms;
    agent::testing::must(!offset || std::isfinite(*offset), "an offset is a number");
}

void look_at_versions(std::string_view a, std::string_view b) {
    using agent::compare_debian_versions;
    if (agent::check_debian_version(a).has_error() || agent::check_debian_version(b).has_error()) return;
    agent::testing::must(compare_debian_versions(a, a) == 0, "a version is equal to itself");
    agent::testing::must((compare_debian_versions(a, b) < 0) == (compare_debian_versions(b, a) > 0),
                         "the order of versions is the same from both sides");
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    look_at_clock(parse_chrony_tracking(input));
    look_at_clock(parse_ntp_variables(input));
    static_cast<void>(parse_clamd_version(input));
    static_cast<void>(parse_clamd_verdict(input));
    static_cast<void>(parse_audit_status(input));
    must(look_again(input, 1).growing_looks >= 0, "looks are counted from none");
    for (const auto table : {SocketTable::tcp, SocketTable::tcp6, SocketTable::udp, SocketTable::udp6})
        if (const auto sockets = parse_sockets(input, table); sockets.has_value())
            for (const auto& socket : sockets.value()) must(!socket.to_string().empty(), "a socket has an address");
    auto rest = input;
    const auto first = first_line(rest);
    look_at_versions(first, first_line(rest));
    static_cast<void>(find_package(input, first));
}
