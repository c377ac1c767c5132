#pragma once
// One connection to a D-Bus bus, driven by the event loop: no call blocks the thread.
#include <systemd/sd-bus.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>

#include "async/time_source.hpp"
#include "base/handle.hpp"

namespace agent {

using BusMessage = Handle<sd_bus_message, &sd_bus_message_unref>;

class SystemBus {
public:
    // `given`: an address of D-Bus; empty: the system bus. `unreachable` where there is none.
    [[nodiscard]] static Result<SystemBus> open(const asio::any_io_executor& executor, const std::string& given);

    // Starts a message to the service manager; `refused` where it cannot be made.
    [[nodiscard]] Result<BusMessage> new_call(const char* path, const char* interface, const char* method);
    // Sends it and waits for the answer, however long. Errors: `unreachable` (no bus, no service manager), `not_found`
    // (no such unit), `refused` (masked, no right, anything else it said no to), `cancelled`.
    [[nodiscard]] Task<BusMessage> call(BusMessage message);
    // Handles what arrives until `done` says so.
    [[nodiscard]] Task<> process_until(std::function<bool()> done);
    [[nodiscard]] sd_bus* get() const noexcept { return bus_.get(); }

private:
    using Bus = Handle<sd_bus, &sd_bus_close_unref>;
    SystemBus(std::string address, Bus bus, asio::posix::stream_descriptor readiness)
        : address_{std::move(address)}, bus_{std::move(bus)}, readiness_{std::move(readiness)} {}
    std::string address_;
    Bus bus_;
    asio::posix::stream_descriptor readiness_;  // a duplicate of the bus's own descriptor
};

}  // namespace agent
