#include "host/transient_unit.hpp"

#include <csignal>
#include <utility>

#include "base/text.hpp"
#include "host/transient_unit_settings.hpp"

namespace agent {
namespace {

constexpr auto unit_interface = "org.freedesktop.systemd1.Unit";
constexpr auto service_interface = "org.freedesktop.systemd1.Service";
constexpr Duration look_again{200};
// CLD_EXITED of sigaction(2); other codes tell a signal.
constexpr int exited = CLD_EXITED;

Error unaskable(int negative_errno) { return system_error(-negative_errno, "asking the service manager"); }

}  // namespace

std::string environment_file_of(const Command& command) {
    std::string file;
    for (const auto& setting : command.environment) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos) continue;
        file.append(setting, 0, equals + 1).append("\"");
        for (const char c : setting.substr(equals + 1)) {
            if (c == '"' || c == '\\' || c == '$' || c == '`') file += '\\';
            file += c;
        }
        file.append("\"\n");
    }
    return file;
}

Task<> TransientUnit::listen() {
    auto watching = co_await JobWatch::begin(bus_);
    AGENT_CO_TRY(auto jobs, std::move(watching));
    jobs_.emplace(std::move(jobs));
    co_return ok();
}

Task<> TransientUnit::start(const Command& command, const ProgramEnds& ends) {
    AGENT_CO_TRY(auto message, bus_.new_call(manager_path, manager_interface, "StartTransientUnit"));
    int failed = sd_bus_message_append(message.get(), "ss", name_.c_str(), "fail");
    if (failed >= 0) failed = append_settings(message.get(), command, ends);
    if (failed >= 0) failed = sd_bus_message_append(message.get(), "a(sa(sv))", 0);  // no other units with it
    if (failed < 0) co_return unaskable(failed);
    auto queued = co_await bus_.call(std::move(message));
    AGENT_CO_TRY(const auto answer, std::move(queued));
    AGENT_CO_TRY(job_, job_in(answer));
    co_return ok();
}

Task<int> TransientUnit::end(TimeSource& time, const std::string& bus_address) {
    for (;;) {
        auto job = job_;
        auto waited = co_await jobs_->result_of(std::move(job));
        if (waited.has_value()) {
            auto status = co_await end_as_told(waited.value());
            co_return status;
        }
        if (waited.error().code() != Errc::unreachable) co_return std::move(waited).error();
        auto listening = co_await listen_anew(time, bus_address);
        AGENT_CO_TRY(std::move(listening));
        auto asked = co_await active_state();
        AGENT_CO_TRY(const auto state, std::move(asked));
        if (state != "inactive" && state != "failed") continue;
        const std::string how{state == "failed" ? "failed" : "done"};
        auto status = co_await end_as_told(how);
        co_return status;
    }
}

// Until the bus is there again; whoever waits for us has a deadline.
Task<> TransientUnit::listen_anew(TimeSource& time, const std::string& bus_address) {
    const auto executor = co_await asio::this_coro::executor;
    jobs_.reset();
    for (;;) {
        auto slept = co_await time.sleep_for(look_again);
        AGENT_CO_TRY(std::move(slept));
        auto bus = SystemBus::open(executor, bus_address);
        if (bus.has_error()) continue;
        bus_ = std::move(bus).value();
        auto listening = co_await listen();
        if (listening.has_value() || listening.error().code() == Errc::cancelled) co_return listening;
    }
}

Task<int> TransientUnit::end_as_told(const std::string& job_result) {
    if (job_result == "done") co_return 0;
    auto asked_result = co_await text_property(service_interface, "Result");
    AGENT_CO_TRY(const auto result, std::move(asked_result));
    auto asked_code = co_await number_property("ExecMainCode");
    AGENT_CO_TRY(const int code, std::move(asked_code));
    auto asked_status = co_await number_property("ExecMainStatus");
    AGENT_CO_TRY(const int status, std::move(asked_status));
    auto forgotten = co_await forget_failure();
    AGENT_CO_TRY(std::move(forgotten));
    if (result == "timeout") co_return Error{Errc::timed_out, "systemd ended it long after its time was over"};
    if (code == 0)
        co_return Error{Errc::system, "systemd did not run it: the job ended as " + agent::quoted(job_result) +
                                          ", the unit as " + agent::quoted(result)};
    co_return code == exited ? status : 128 + status;
}

Task<> TransientUnit::kill() {
    std::vector<std::string> arguments{name_, "replace"};
    auto asked = co_await call_manager(bus_, "StopUnit", std::move(arguments));
    if (asked.has_error() && asked.error().code() == Errc::not_found) co_return ok();
    AGENT_CO_TRY(const auto answer, std::move(asked));
    AGENT_CO_TRY(auto job, job_in(answer));
    auto ended = co_await jobs_->result_of(std::move(job));
    if (ended.has_error()) co_return std::move(ended).error();
    auto forgotten = co_await forget_failure();
    co_return forgotten;
}

Task<> TransientUnit::outlast(TimeSource& time) {
    for (;;) {
        auto asked = co_await active_state();
        AGENT_CO_TRY(const auto state, std::move(asked));
        if (state == "inactive" || state == "failed") break;
        auto slept = co_await time.sleep_for(look_again);
        AGENT_CO_TRY(std::move(slept));
    }
    auto forgotten = co_await forget_failure();
    co_return forgotten;
}

Task<> TransientUnit::forget_failure() {
    std::vector<std::string> ours{name_};
    auto forgotten = co_await call_manager(bus_, "ResetFailedUnit", std::move(ours));
    if (forgotten.has_error() && forgotten.error().code() != Errc::not_found) co_return std::move(forgotten).error();
    co_return ok();
}

Task<std::string> TransientUnit::active_state() {
    std::vector<std::string> ours{name_};
    auto known = co_await call_manager(bus_, "GetUnit", std::move(ours));
    if (known.has_error() && known.error().code() == Errc::not_found) co_return std::string{"inactive"};
    if (known.has_error()) co_return std::move(known).error();
    auto state = co_await text_property(unit_interface, "ActiveState");
    co_return state;
}

Task<BusMessage> TransientUnit::property(const char* interface, const char* name) {
    const auto path = object_path_of(name_);
    AGENT_CO_TRY(auto message, bus_.new_call(path.c_str(), "org.freedesktop.DBus.Properties", "Get"));
    const int failed = sd_bus_message_append(message.get(), "ss", interface, name);
    if (failed < 0) co_return unaskable(failed);
    auto answer = co_await bus_.call(std::move(message));
    co_return answer;
}

Task<std::string> TransientUnit::text_property(const char* interface, const char* name) {
    auto asked = co_await property(interface, name);
    AGENT_CO_TRY(const auto answer, std::move(asked));
    const char* text{};
    const int read = sd_bus_message_read(answer.get(), "v", "s", &text);
    if (read < 0) co_return unreadable_answer(read);
    co_return std::string{text};
}

Task<int> TransientUnit::number_property(const char* name) {
    auto asked = co_await property(service_interface, name);
    AGENT_CO_TRY(const auto answer, std::move(asked));
    int number{};
    const int read = sd_bus_message_read(answer.get(), "v", "i", &number);
    if (read < 0) co_return unreadable_answer(read);
    co_return number;
}

}  // namespace agent
