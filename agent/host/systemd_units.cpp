#include "host/systemd_units.hpp"

#include <array>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/deadline.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "host/service_manager.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

constexpr Duration state_limit{10'000};
constexpr Duration unit_file_limit{90'000};  // generators run when the unit files are read again

struct JobWords {
    const char* method;
    std::string_view doing;
    std::string_view noun;
};

JobWords words_of(UnitJob job) {
    switch (job) {
        case UnitJob::start: return {"StartUnit", "starting unit ", "start"};
        case UnitJob::stop: return {"StopUnit", "stopping unit ", "stop"};
        case UnitJob::restart: break;
    }
    return {"RestartUnit", "restarting unit ", "restart"};
}

int read_names(sd_bus_message* message, std::vector<std::string>& names) {
    int read = sd_bus_message_enter_container(message, 'v', "as");
    if (read >= 0) read = sd_bus_message_enter_container(message, 'a', "s");
    const char* name{};
    while (read >= 0) {
        read = sd_bus_message_read(message, "s", &name);
        if (read == 0) break;
        if (read > 0) names.emplace_back(name);
    }
    if (read >= 0) read = sd_bus_message_exit_container(message);
    if (read >= 0) read = sd_bus_message_exit_container(message);
    return read;
}

// What goes down with a unit, and what goes down when it starts, by the relations of systemd.unit(5).
std::vector<std::string>* relation_named(std::string_view name, UnitState& state) {
    for (const std::string_view known : {"Conflicts", "ConflictedBy"})
        if (name == known) return &state.conflicts;
    for (const std::string_view known : {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"})
        if (name == known) return &state.dependents;
    return nullptr;
}

// Reads the value of property `name` into `state`, or steps over it. Negative: the answer makes no sense.
int read_property(sd_bus_message* message, std::string_view name, UnitState& state) {
    const std::array texts{std::pair{std::string_view{"LoadState"}, &state.load_state},
                           std::pair{std::string_view{"ActiveState"}, &state.active_state},
                           std::pair{std::string_view{"SubState"}, &state.sub_state},
                           std::pair{std::string_view{"UnitFileState"}, &state.unit_file_state},
                           std::pair{std::string_view{"FragmentPath"}, &state.unit_file},
                           std::pair{std::string_view{"Result"}, &state.result}};
    for (const auto& [known, into] : texts) {
        if (name != known) continue;
        const char* text{};
        const int read = sd_bus_message_read(message, "v", "s", &text);
        if (read >= 0) *into = text;
        return read;
    }
    if (auto* names = relation_named(name, state); names != nullptr) return read_names(message, *names);
    if (name == "NRestarts") return sd_bus_message_read(message, "v", "u", &state.restarts);
    if (name == "ConditionResult") {
        int flag{};
        const int read = sd_bus_message_read(message, "v", "b", &flag);
        state.condition_result = flag != 0;
        return read;
    }
    if (name == "InvocationID") {
        const void* bytes{};
        std::size_t size{};
        int read = sd_bus_message_enter_container(message, 'v', "ay");
        if (read >= 0) read = sd_bus_message_read_array(message, 'y', &bytes, &size);
        if (read >= 0) read = sd_bus_message_exit_container(message);
        if (read >= 0) state.invocation_id = hex_encode({static_cast<const std::byte*>(bytes), size});
        return read;
    }
    return sd_bus_message_skip(message, "v");
}

Result<UnitState> state_in(sd_bus_message* message) {
    UnitState state;
    if (const int failed = sd_bus_message_enter_container(message, 'a', "{sv}"); failed < 0)
        return unreadable_answer(failed);
    for (;;) {
        const int entered = sd_bus_message_enter_container(message, 'e', "sv");
        if (entered < 0) return unreadable_answer(entered);
        if (entered == 0) return state;
        const char* name{};
        int read = sd_bus_message_read(message, "s", &name);
        if (read >= 0) read = read_property(message, name, state);
        if (read >= 0) read = sd_bus_message_exit_container(message);
        if (read < 0) return unreadable_answer(read);
    }
}

Task<UnitState> ask_state(SystemBus& bus, const std::string& unit) {
    const auto path = object_path_of(unit);
    AGENT_CO_TRY(auto message, bus.new_call(path.c_str(), "org.freedesktop.DBus.Properties", "GetAll"));
    // No interface is all of them: one question, whatever type the unit is of.
    const int failed = sd_bus_message_append(message.get(), "s", "");
    if (failed < 0) co_return system_error(-failed, "asking the service manager");
    auto answer = co_await bus.call(std::move(message));
    if (answer.has_error()) co_return std::move(answer).error();
    AGENT_CO_TRY(auto state, state_in(answer.value().get()));
    if (state.load_state.empty() || state.active_state.empty())
        co_return Error{Errc::malformed, "the service manager's answer names no state"};
    if (!unit.ends_with(".service")) state.result.clear();
    co_return state;
}

Task<> ask_job(SystemBus& bus, const std::string& unit, UnitJob job_type) {
    const auto words = words_of(job_type);
    auto watching = co_await JobWatch::begin(bus);
    AGENT_CO_TRY(auto jobs, std::move(watching));
    // As systemctl: a job that is already queued for the unit gives way.
    std::vector<std::string> arguments{unit, "replace"};
    auto queued = co_await call_manager(bus, words.method, std::move(arguments));
    AGENT_CO_TRY(const auto answer, std::move(queued));
    AGENT_CO_TRY(auto job, job_in(answer));
    auto ended = co_await jobs.result_of(std::move(job));
    AGENT_CO_TRY(const auto result, std::move(ended));
    if (result == "done") co_return ok();
    std::string why{"the "};
    why.append(words.noun)
        .append(" ended as ")
        .append(agent::quoted(result))
        .append("; see: journalctl -u ")
        .append(unit);
    co_return Error{Errc::refused, std::move(why)};
}

// The service manager keeps what it knew of unit files until it reads them again.
Task<> read_again(SystemBus& bus) {
    std::vector<std::string> nothing;
    auto reloaded = co_await call_manager(bus, "Reload", std::move(nothing));
    if (reloaded.has_error()) co_return std::move(reloaded).error().in_context("reading the unit files again");
    co_return ok();
}

Task<> ask_enable(SystemBus& bus, const std::string& unit) {
    AGENT_CO_TRY(auto message, bus.new_call(manager_path, manager_interface, "EnableUnitFiles"));
    // For good, not until the next boot; and no link of another unit is replaced.
    const int failed = sd_bus_message_append(message.get(), "asbb", 1, unit.c_str(), 0, 0);
    if (failed < 0) co_return system_error(-failed, "asking the service manager");
    auto enabled = co_await bus.call(std::move(message));
    AGENT_CO_TRY(const auto answer, std::move(enabled));
    int has_install_section{};
    const int read = sd_bus_message_read(answer.get(), "b", &has_install_section);
    if (read < 0) co_return unreadable_answer(read);
    if (has_install_section == 0) co_return Error{Errc::refused, "its unit file has no [Install] section"};
    co_return co_await read_again(bus);
}

Task<> ask_disable(SystemBus& bus, const std::string& unit) {
    AGENT_CO_TRY(auto message, bus.new_call(manager_path, manager_interface, "DisableUnitFiles"));
    const int failed = sd_bus_message_append(message.get(), "asb", 1, unit.c_str(), 0);
    if (failed < 0) co_return system_error(-failed, "asking the service manager");
    auto disabled = co_await bus.call(std::move(message));
    if (disabled.has_error()) co_return std::move(disabled).error();
    co_return co_await read_again(bus);
}

}  // namespace

Task<UnitState> SystemdUnits::state(std::string unit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto state = co_await with_deadline(time_, state_limit, ask_state(bus, unit));
    co_return in_context(std::move(state), "looking at unit " + unit);
}

Task<> SystemdUnits::run_job(std::string unit, UnitJob job, Duration limit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto done = co_await with_deadline(time_, limit, ask_job(bus, unit, job));
    co_return in_context(std::move(done), std::string{words_of(job).doing} + unit);
}

Task<> SystemdUnits::enable(std::string unit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto done = co_await with_deadline(time_, unit_file_limit, ask_enable(bus, unit));
    co_return in_context(std::move(done), "enabling unit " + unit);
}

Task<> SystemdUnits::disable(std::string unit) {
    AGENT_CO_TRY(check_unit_name(unit));
    const auto executor = co_await asio::this_coro::executor;
    AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
    auto done = co_await with_deadline(time_, unit_file_limit, ask_disable(bus, unit));
    co_return in_context(std::move(done), "disabling unit " + unit);
}

}  // namespace agent
