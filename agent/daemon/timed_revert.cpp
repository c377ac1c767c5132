#include "daemon/timed_revert.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "courier/reach_server.hpp"
#include "daemon/version.hpp"
#include "host/service_manager.hpp"

namespace agent {
namespace {

// Also where a newer package has taken the place of the one that runs.
Result<std::string> own_program() {
    constexpr std::string_view replaced = " (deleted)";
    std::error_code failed;
    auto path = std::filesystem::read_symlink("/proc/self/exe", failed).string();
    if (failed) return system_error(failed.value(), "finding the agent's own program");
    if (path.ends_with(replaced)) path.resize(path.size() - replaced.size());
    return path;
}

Result<std::string> program_of_systemd(const std::string& name) {
    constexpr std::array<std::string_view, 2> folders{"/usr/bin/", "/run/current-system/sw/bin/"};
    for (const auto folder : folders) {
        std::error_code failed;
        auto path = std::string{folder} + name;
        if (std::filesystem::exists(path, failed)) return path;
    }
    return Error{Errc::not_found, name + " is not installed, although systemd runs"};
}

}  // namespace

CourierIdentity courier_identity_of(const AgentSettings& settings) {
    return {settings.site_id, settings.host_id, settings.deployment_mode, settings.reseller_id, agent_version()};
}

TimedRevert::TimedRevert(asio::any_io_executor executor, ProcessRunner& processes, TimeSource& time,
                         AgentSettings settings, std::int64_t number)
    : executor_{std::move(executor)},
      processes_{processes},
      time_{time},
      settings_{std::move(settings)},
      number_{number} {}

TimedRevert::~TimedRevert() {
    if (child_) static_cast<void>(child_->abandon());
}

Task<> TimedRevert::arm(Duration within) {
    AGENT_CO_TRY(auto program, own_program());
    std::vector<std::string> words{"revert", "--state", std::filesystem::absolute(settings_.state_dir).string(),
                                   "--run", std::to_string(number_)};
    if (is_run_by_systemd()) {
        auto asked = co_await ask_systemd(std::move(program), std::move(words), within);
        co_return asked;
    }
    words.emplace_back("--after");
    words.push_back(std::to_string(within.count()) + "ms");
    Command command;
    command.program = program;
    command.arguments = std::move(words);
    AGENT_CO_TRY(auto child, ChildProcess::start(command));
    child_.emplace(std::move(child));
    co_return ok();
}

Task<> TimedRevert::ask_systemd(std::string program, std::vector<std::string> arguments, Duration within) {
    AGENT_CO_TRY(const auto systemd_run, program_of_systemd("systemd-run"));
    auto unit = "compliance-agent-revert-" + std::to_string(number_);
    Command command;
    command.program = systemd_run;
    command.arguments = {"--quiet",
                         "--collect",
                         "--unit=" + unit,
                         "--description=Undo run " + std::to_string(number_) + " of compliance-agent unless confirmed",
                         "--on-active=" + std::to_string(within.count()) + "ms",
                         "--timer-property=AccuracySec=100ms",
                         "--",
                         std::move(program)};
    std::ranges::move(arguments, std::back_inserter(command.arguments));
    auto ran = co_await processes_.run(std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(ran));
    if (exit.status != 0)
        co_return Error{Errc::system, "systemd-run ended with status " + std::to_string(exit.status) + ": " +
                                          quoted(exit.standard_error.head, 400)};
    unit_ = std::move(unit);
    co_return ok();
}

Task<> TimedRevert::reach_server(MonoTime end) {
    auto reached =
        co_await agent::reach_server(executor_, time_, settings_.server, courier_identity_of(settings_), end);
    co_return reached;
}

Task<> TimedRevert::disarm() {
    child_.reset();
    if (unit_.empty()) co_return ok();
    AGENT_CO_TRY(const auto systemctl, program_of_systemd("systemctl"));
    Command command;
    command.program = systemctl;
    command.arguments = {"stop", unit_ + ".timer"};
    auto ran = co_await processes_.run(std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(ran));
    if (exit.status != 0)
        co_return Error{Errc::system, "systemctl stop " + unit_ + ".timer: " + quoted(exit.standard_error.head, 400)};
    unit_.clear();
    co_return ok();
}

}  // namespace agent
