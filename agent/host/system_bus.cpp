#include "host/system_bus.hpp"

#include <fcntl.h>
#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr auto service_manager = "org.freedesktop.systemd1";
// The limit of a call is its caller's deadline; the bus's own must not come first.
constexpr std::uint64_t no_limit = UINT64_MAX;

constexpr auto usual_address = "unix:path=/run/dbus/system_bus_socket";

Error unreachable_bus(const std::string& address, int errno_value) {
    auto text = system_error(errno_value, "the system bus at " + address + " cannot be reached").message();
    return Error{Errc::unreachable, text + "; is this host run by systemd?"};
}

Error error_of(const sd_bus_error& error) {
    const std::string_view name{error.name};
    const auto text = quoted(error.message == nullptr ? error.name : error.message);
    const auto is = [name](std::string_view known) { return name == known; };
    if (is("org.freedesktop.systemd1.NoSuchUnit") || is("org.freedesktop.DBus.Error.FileNotFound"))
        return Error{Errc::not_found, "the service manager knows no such unit: " + text};
    if (is("org.freedesktop.systemd1.UnitMasked")) return Error{Errc::refused, "the unit is masked: " + text};
    if (is(SD_BUS_ERROR_ACCESS_DENIED) || is(SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
        return Error{Errc::refused, "needs the right to manage units (run as root): " + text};
    if (is(SD_BUS_ERROR_SERVICE_UNKNOWN) || is(SD_BUS_ERROR_NAME_HAS_NO_OWNER) || is(SD_BUS_ERROR_DISCONNECTED) ||
        is(SD_BUS_ERROR_NO_REPLY) || name.starts_with("org.freedesktop.DBus.Error.Spawn"))
        return Error{Errc::unreachable, "no service manager answers on the system bus: " + text};
    return Error{Errc::refused, "the service manager refused: " + text};
}

struct Answer {
    BusMessage message;
    bool arrived{};
};

int keep_answer(sd_bus_message* message, void* into, sd_bus_error*) {
    auto& answer = *static_cast<Answer*>(into);
    answer.message.reset(sd_bus_message_ref(message));
    answer.arrived = true;
    return 1;
}

}  // namespace

Result<SystemBus> SystemBus::open(const asio::any_io_executor& executor, const std::string& given) {
    const auto address = given.empty() ? std::string{usual_address} : given;
    sd_bus* raw{};
    if (const int failed = sd_bus_new(&raw); failed < 0) return unreachable_bus(address, -failed);
    Bus bus{raw};
    int failed = sd_bus_set_address(raw, address.c_str());
    if (failed >= 0) failed = sd_bus_set_bus_client(raw, 1);
    if (failed >= 0) failed = sd_bus_start(raw);
    if (failed < 0) return unreachable_bus(address, -failed);
    const int number = sd_bus_get_fd(raw);
    if (number < 0) return unreachable_bus(address, -number);
    Descriptor copy{fcntl(number, F_DUPFD_CLOEXEC, 3)};
    if (!copy.valid()) return unreachable_bus(address, errno);
    asio::posix::stream_descriptor readiness{executor};
    boost::system::error_code refused;
    readiness.assign(copy.get(), refused);
    if (refused) return unreachable_bus(address, refused.value());
    static_cast<void>(copy.release());
    return SystemBus{address, std::move(bus), std::move(readiness)};
}

Result<BusMessage> SystemBus::new_call(const char* path, const char* interface, const char* method) {
    sd_bus_message* raw{};
    const int failed = sd_bus_message_new_method_call(bus_.get(), &raw, service_manager, path, interface, method);
    if (failed < 0) return system_error(-failed, "asking the service manager");
    return BusMessage{raw};
}

Task<BusMessage> SystemBus::call(BusMessage message) {
    Answer answer;
    sd_bus_slot* raw{};
    const int failed = sd_bus_call_async(bus_.get(), &raw, message.get(), &keep_answer, &answer, no_limit);
    if (failed < 0) co_return unreachable_bus(address_, -failed);
    const Handle<sd_bus_slot, &sd_bus_slot_unref> slot{raw};
    auto has_arrived = [&answer] { return answer.arrived; };
    std::function<bool()> done{has_arrived};
    AGENT_CO_TRY(co_await process_until(std::move(done)));
    if (const auto* error = sd_bus_message_get_error(answer.message.get()); error != nullptr)
        co_return error_of(*error);
    co_return std::move(answer.message);
}

Task<> SystemBus::process_until(std::function<bool()> done) {
    using Readiness = asio::posix::stream_descriptor;
    while (!done()) {
        const int handled = sd_bus_process(bus_.get(), nullptr);
        if (handled < 0) co_return unreachable_bus(address_, -handled);
        if (handled > 0) continue;
        const int events = sd_bus_get_events(bus_.get());
        if (events < 0) co_return unreachable_bus(address_, -events);
        auto wanted = Readiness::wait_read;
        if ((events & POLLOUT) != 0) wanted = Readiness::wait_write;
        const auto [failed] = co_await readiness_.async_wait(wanted, asio::as_tuple(asio::use_awaitable));
        if (failed) co_return Error{Errc::cancelled, "stopped while asking the service manager"};
    }
    co_return ok();
}

}  // namespace agent
