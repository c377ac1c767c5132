#include "host/systemd_units.hpp"

#include <boost/asio/this_coro.hpp>
#include <map>
#include <optional>

#include "async/deadline.hpp"
#include "base/text.hpp"
#include "host/system_bus.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

constexpr auto manager_path = "/org/freedesktop/systemd1";
constexpr auto manager_interface = "org.freedesktop.systemd1.Manager";
constexpr auto unit_interface = "org.freedesktop.systemd1.Unit";
constexpr auto service_interface = "org.freedesktop.systemd1.Service";
constexpr Duration state_limit{10'000};

Error unreadable(int errno_value) { return system_error(-errno_value, "reading the service manager's answer"); }

Task<BusMessage> call_manager(SystemBus& bus, const char* method, std::optional<std::string> first,
                              std::optional<std::string> second) {
    AGENT_CO_TRY(auto message, bus.new_call(manager_path, manager_interface, method));
    for (const auto& argument : {&first, &second}) {
        if (!*argument) continue;
        const int failed = sd_bus_message_append(message.get(), "s", (*argument)->c_str());
        if (failed < 0) co_return system_error(-failed, "asking the service manager");
    }
    auto answer = co_await bus.call(std::move(message));
    co_return answer;
}

Result<std::string> object_path_in(const BusMessage& message) {
    const char* path{};
    if (const int failed = sd_bus_message_read(message.get(), "o", &path); failed < 0) return unreadable(failed);
    return std::string{path};
}

Task<BusMessage> property(SystemBus& bus, const std::string& path, const char* interface, const char* name) {
    AGENT_CO_TRY(auto message, bus.new_call(path.c_str(), "org.freedesktop.DBus.Properties", "Get"));
    const int failed = sd_bus_message_append(message.get(), "ss", interface, name);
    if (failed < 0) co_return system_error(-failed, "asking the service manager");
    auto answer = co_await bus.call(std::move(message));
    co_return answer;
}

Task<std::string> text_property(SystemBus& bus, const std::string& path, const char* interface, const char* name) {
    auto answer = co_await property(bus, path, interface, name);
    if (answer.has_error()) co_return std::move(answer).error();
    const char* text{};
    const int failed = sd_bus_message_read(answer.value().get(), "v", "s", &text);
    if (failed < 0) co_return unreadable(failed);
    co_return std::string{text};
}

Task<bool> flag_property(SystemBus& bus, const std::string& path, const char* interface, const char* name) {
    auto answer = co_await property(bus, path, interface, name);
    if (answer.has_error()) co_return std::move(answer).error();
    int flag{};
    const int failed = sd_bus_message_read(answer.value().get(), "v", "b", &flag);
    if (failed < 0) co_return unreadable(failed);
    co_return flag != 0;
}

Task<UnitState> ask_state(SystemBus& bus, const std::string& unit) {
    // LoadUnit and not GetUnit: a unit that is not running need not be in memory.
    auto loaded = co_await call_manager(bus, "LoadUnit", unit, std::nullopt);
    if (loaded.has_error()) co_return std::move(loaded).error();
    AGENT_CO_TRY(const auto path, object_path_in(loaded.value()));
    UnitState state;
    AGENT_CO_TRY(state.load_state, co_await text_property(bus, path, unit_interface, "LoadState"));
    AGENT_CO_TRY(state.active_state, co_await text_property(bus, path, unit_interface, "ActiveState"));
    AGENT_CO_TRY(state.sub_state, co_await text_property(bus, path, unit_interface, "SubState"));
    AGENT_CO_TRY(state.condition_result, co_await flag_property(bus, path, unit_interface, "ConditionResult"));
    if (unit.ends_with(".service")) {
        AGENT_CO_TRY(state.result, co_await text_property(bus, path, service_interface, "Result"));
    }
    co_return state;
}

// Results of the jobs that ended since we listen, by the job's path.
using EndedJobs = std::map<std::string, std::string, std::less<>>;

int note_ended_job(sd_bus_message* message, void* into, sd_bus_error*) {
    std::uint32_t id{};
    const char* job{};
    const char* unit{};
    const char* result{};
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
        static_cast<EndedJobs*>(into)->insert_or_assign(job, result);
    return 0;
}

Task<> ask_restart(SystemBus& bus, const std::string& unit) {
    // Listening begins before the call: a short job may end before its answer is read.
    EndedJobs ended;
    sd_bus_slot* raw{};
    const int failed = sd_bus_match_signal_async(bus.get(), &raw, nullptr, manager_path, manager_interface,
                                                 "JobRemoved", &note_ended_job, nullptr, &ended);
    if (failed < 0) co_return Error{Errc::unreachable, "the system bus does not let us listen"};
    const Handle<sd_bus_slot, &sd_bus_slot_unref> listening{raw};
    auto subscribed = co_await call_manager(bus, "Subscribe", std::nullopt, std::nullopt);
    if (subscribed.has_error()) co_return std::move(subscribed).error();
    const std::string mode{"replace"};  // as systemctl: a job that is already queued for the unit gives way
    auto queued = co_await call_manager(bus, "RestartUnit", unit, mode);
    if (queued.has_error()) co_return std::move(queued).error();
    AGENT_CO_TRY(const auto job, object_path_in(queued.value()));
    auto has_ended = [&ended, &job] { return ended.contains(job); };
    std::function<bool()> done{has_ended};
    AGENT_CO_TRY(co_await bus.process_until(std::move(done)));
    const auto& result = ended.find(job)->second;
    if (result == "done") co_return ok();
    co_return Error{Errc::refused, "the restart ended as " + agent::quoted(result) + "; see: journalctl -u " + unit};
}

}  // namespace

Task<UnitState> SystemdUnits::state(std::string unit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto state = co_await with_deadline(time_, state_limit, ask_state(bus, unit));
    co_return in_context(std::move(state), "looking at unit " + unit);
}

Task<> SystemdUnits::restart(std::string unit, Duration limit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto done = co_await with_deadline(time_, limit, ask_restart(bus, unit));
    co_return in_context(std::move(done), "restarting unit " + unit);
}

}  // namespace agent
