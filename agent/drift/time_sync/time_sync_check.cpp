#include "drift/time_sync/time_sync_check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr Duration age_most{std::chrono::days{365}};
constexpr Duration offset_least{1};
constexpr Duration offset_largest{std::chrono::hours{1}};
constexpr Duration answer_limit{8'000};
constexpr std::size_t output_most = 16UL * 1024UL;
constexpr std::size_t pid_file_most = 64;

// A folder on the way that bars us is there, and so is what we were told lies in it.
bool seems_there(const std::filesystem::path& file) {
    struct stat found {};
    return ::stat(file.c_str(), &found) == 0 || errno == EACCES;
}

bool lives(const ClockHost& host) {
    auto text = read_file(host.ntpd_pid_file, pid_file_most);
    if (text.has_error()) return false;
    auto pid = std::move(text).value();
    pid.erase(std::remove_if(pid.begin(), pid.end(), [](char c) { return c < '0' || c > '9'; }), pid.end());
    return !pid.empty() && seems_there(host.proc / pid);
}

struct Detected {
    ClockService service;
    bool there;
    std::string missing;
};

std::array<Detected, 3> detect(const ClockHost& host) {
    return {{{ClockService::chrony, seems_there(host.chrony_socket), host.chrony_socket.native() + " is not there"},
             {ClockService::timesyncd, seems_there(host.timesyncd_folder),
              host.timesyncd_folder.native() + " is not there"},
             {ClockService::ntpd, lives(host), host.ntpd_pid_file.native() + " names no running process"}}};
}

void find_service(const ClockHost& host, const TimeSyncBaseline& baseline, TimeSyncView& view) {
    if (baseline.service == ClockService::kernel) {
        view.running = ClockService::kernel;
        return;
    }
    for (const auto& daemon : detect(host)) {
        if (baseline.service && *baseline.service != daemon.service) continue;
        if (daemon.there) {
            view.running = daemon.service;
            return;
        }
        if (baseline.service) view.missing = daemon.missing;
    }
    if (!baseline.service) view.running = ClockService::kernel;
}

Result<std::filesystem::path> program_of(const std::vector<std::filesystem::path>& candidates,
                                         std::string_view package) {
    for (const auto& candidate : candidates)
        if (seems_there(candidate)) return candidate;
    return Error{Errc::not_found,
                 candidates.front().native() + " is missing: install the package " + std::string{package}};
}

Task<std::string> ask(CheckTools& tools, Result<std::filesystem::path> program, std::vector<std::string> arguments) {
    AGENT_CO_TRY(auto path, std::move(program));
    const auto name = path.native();
    Command command;
    command.program = std::move(path);
    command.arguments = std::move(arguments);
    command.deadline = tools.patience(answer_limit);
    command.head_limit = output_most;
    command.tail_limit = 1;
    auto ran = co_await tools.processes.run(std::move(command));
    auto exit = in_context(std::move(ran), name);
    AGENT_CO_TRY(auto ended, std::move(exit));
    if (ended.status != 0) {
        const auto& told = ended.standard_error.head.empty() ? ended.standard_output.head : ended.standard_error.head;
        const auto line = told.substr(0, told.find('\n'));
        co_return Error{Errc::system, name + " ended with status " + std::to_string(ended.status) + ": " +
                                          agent::quoted(line) + "; is the daemon running, and may this user ask it?"};
    }
    if (!ended.standard_output.tail.empty())
        co_return Error{Errc::malformed, name + " printed more than " + std::to_string(output_most) + " bytes"};
    co_return std::move(ended.standard_output.head);
}

Task<ClockView> ask_chrony(CheckTools& tools, const ClockHost& host) {
    std::vector<std::string> arguments;
    arguments.emplace_back("-h");
    // Without the right to use the socket, tracking may still be asked over UDP.
    arguments.push_back(host.chrony_socket.native() + ",127.0.0.1,::1");
    arguments.emplace_back("-c");
    arguments.emplace_back("-n");
    arguments.emplace_back("tracking");
    auto asked = co_await ask(tools, program_of(host.chronyc, "chrony"), std::move(arguments));
    AGENT_CO_TRY(const auto text, std::move(asked));
    co_return parse_chrony_tracking(text);
}

Task<ClockView> ask_ntpd(CheckTools& tools, const ClockHost& host) {
    std::vector<std::string> arguments;
    arguments.emplace_back("-n");
    arguments.emplace_back("-c");
    arguments.emplace_back("rv");
    arguments.emplace_back("127.0.0.1");
    auto asked = co_await ask(tools, program_of(host.ntpq, "ntpsec"), std::move(arguments));
    AGENT_CO_TRY(const auto text, std::move(asked));
    co_return parse_ntp_variables(text);
}

std::optional<WallTime> changed(const std::filesystem::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return std::nullopt;
    return WallTime{std::chrono::seconds{found.st_mtim.tv_sec}};
}

Result<ClockView> clock_of(const Result<KernelClock>& kernel) {
    if (kernel.has_error()) return kernel.error();
    return view_of(kernel.value());
}

}  // namespace

std::shared_ptr<const Check> read_time_sync(MapReader& keys, CheckName name) {
    TimeSyncBaseline baseline;
    baseline.common.name = std::move(name);
    baseline.common.severity = Severity::medium;
    baseline.common.controls = {{"164.312(b)"}, {"AU-8"}};
    baseline.common = read_settings(keys, std::move(baseline.common));
    const auto service = keys.one_of("service", {"auto", "chrony", "timesyncd", "ntpd", "kernel"});
    for (const auto known : {ClockService::chrony, ClockService::timesyncd, ClockService::ntpd, ClockService::kernel})
        if (service && *service == name_of(known)) baseline.service = known;
    baseline.offset_most = keys.duration("max_offset", offset_least, offset_largest).value_or(baseline.offset_most);
    baseline.server_age_most =
        keys.duration("server_max_age", Duration{std::chrono::minutes{1}}, age_most).value_or(baseline.server_age_most);
    return std::make_shared<TimeSyncCheck>(std::move(baseline), ClockHost{});
}

Task<CheckReport> TimeSyncCheck::look(CheckTools& tools, std::string&) const {
    auto kernel = ask_kernel();
    auto clock = clock_of(kernel);
    TimeSyncView view{std::nullopt, {}, std::move(kernel), std::move(clock), std::nullopt};
    find_service(host_, baseline_, view);
    if (view.running == ClockService::chrony) {
        auto told = co_await ask_chrony(tools, host_);
        view.clock = std::move(told);
    } else if (view.running == ClockService::ntpd) {
        auto told = co_await ask_ntpd(tools, host_);
        view.clock = std::move(told);
    } else if (view.running == ClockService::timesyncd) {
        view.last_synchronised = changed(host_.timesyncd_folder / "synchronized");
    }
    if (view.clock.has_error() && view.clock.error().code() == Errc::cancelled) co_return view.clock.error();
    co_return judge_time_sync(baseline_, view, tools.server_clock, tools.time.wall_now());
}

std::string TimeSyncCheck::explain() const {
    std::string text = "Asks ";
    text += baseline_.service ? std::string{name_of(*baseline_.service)}
                              : "chrony, systemd-timesyncd or ntpd, whichever runs, else the kernel,";
    return text + " whether the clock follows a source and how far it is off: over " +
           describe_duration(baseline_.offset_most) +
           " is high, not synchronised is medium. The order server's authenticated Date is compared as well, to a "
           "second. Records whose times are wrong prove nothing: 45 CFR 164.312(b) wants audit controls, NIST 800-53 "
           "AU-8 time stamps that can be trusted.";
}

Task<Learnt> TimeSyncCheck::learn(CheckTools&) const {
    Learnt learnt;
    learnt.from = "the daemon that keeps the clock";
    const auto daemons = detect(host_);
    const auto is_declared = [this](const Detected& daemon) {
        return daemon.there && daemon.service == baseline_.service;
    };
    auto found = std::find_if(daemons.begin(), daemons.end(), is_declared);
    if (found == daemons.end())
        found = std::find_if(daemons.begin(), daemons.end(), [](const Detected& daemon) { return daemon.there; });
    if (found != daemons.end()) {
        learnt.say("service", name_of(found->service));
    } else {
        learnt.remarks.emplace_back(
            "neither chrony nor systemd-timesyncd nor ntpd runs here; what is expected of the clock stays as it is");
    }
    co_return learnt;
}

}  // namespace agent
