#include "host/systemd_units.hpp"

#include <array>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <optional>
#include <utility>

#include "async/deadline.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "host/system_bus.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

constexpr auto manager_path = "/org/freedesktop/systemd1";
constexpr auto manager_interface = "org.freedesktop.systemd1.Manager";
constexpr std::string_view units_path{"/org/freedesktop/systemd1/unit/"};
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

// The object of a unit, as systemctl names it. The service manager loads the unit when it is asked about: one that is
// not running need not be in memory, and one that does not exist is told as such.
// Whatever is no letter or digit is written as "_" and two hexadecimal digits, and so is a digit at the start.
std::string path_of(const std::string& unit) {
    std::string path{units_path};
    for (const char c : unit) {
        const bool is_digit = c >= '0' && c <= '9';
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_first = path.size() == units_path.size();
        if (is_letter || (is_digit && !is_first)) {
            path += c;
        } else {
            path += '_' + hex_encode(bytes_of(std::string_view{&c, 1}));
        }
    }
    return path;
}

// Reads the value of property `name` into `state`, or steps over it. Negative: the answer makes no sense.
int read_property(sd_bus_message* message, std::string_view name, UnitState& state) {
    const std::array texts{std::pair{std::string_view{"LoadState"}, &state.load_state},
                           std::pair{std::string_view{"ActiveState"}, &state.active_state},
                           std::pair{std::string_view{"SubState"}, &state.sub_state},
                           std::pair{std::string_view{"UnitFileState"}, &state.unit_file_state},
                           std::pair{std::string_view{"Result"}, &state.result}};
    for (const auto& [known, into] : texts) {
        if (name != known) continue;
        const char* text{};
        const int read = sd_bus_message_read(message, "v", "s", &text);
        if (read >= 0) *into = text;
        return read;
    }
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
    if (const int failed = sd_bus_message_enter_container(message, 'a', "{sv}"); failed < 0) return unreadable(failed);
    for (;;) {
        const int entered = sd_bus_message_enter_container(message, 'e', "sv");
        if (entered < 0) return unreadable(entered);
        if (entered == 0) return state;
        const char* name{};
        int read = sd_bus_message_read(message, "s", &name);
        if (read >= 0) read = read_property(message, name, state);
        if (read >= 0) read = sd_bus_message_exit_container(message);
        if (read < 0) return unreadable(read);
    }
}

Task<UnitState> ask_state(SystemBus& bus, const std::string& unit) {
    const auto path = path_of(unit);
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
