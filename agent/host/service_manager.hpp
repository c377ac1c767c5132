#pragma once
// What calls of the service manager have in common: its names on the bus, and jobs, which it does in its own time.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/system_bus.hpp"

namespace agent {

inline constexpr auto manager_path = "/org/freedesktop/systemd1";
inline constexpr auto manager_interface = "org.freedesktop.systemd1.Manager";

// True where systemd runs this host and sees what we see: the same network, processes and users, and the same root
// folder. What it starts would act upon another host otherwise. Asked anew each time; false where it cannot be known.
[[nodiscard]] bool is_run_by_systemd();

// The object of a unit, as systemctl names it. The service manager loads the unit when it is asked about: one that is
// not running need not be in memory, and one that does not exist is told as such.
[[nodiscard]] std::string object_path_of(const std::string& unit);

// A method that takes nothing but strings.
[[nodiscard]] Task<BusMessage> call_manager(SystemBus& bus, const char* method, std::vector<std::string> arguments);
// Of the message that came for a call which queued a job: the job's object.
[[nodiscard]] Result<std::string> job_in(const BusMessage& message);
[[nodiscard]] Error unreadable_answer(int negative_errno);

// Listens to the ends of jobs, and begins before one is queued: a short job may end before its answer is read.
class JobWatch {
public:
    // `bus` outlives it.
    [[nodiscard]] static Task<JobWatch> begin(SystemBus& bus);
    // Waits until that job has ended, however long, and says how: "done", "failed", "canceled", "timeout", …
    [[nodiscard]] Task<std::string> result_of(std::string job);

private:
    using Ended = std::map<std::string, std::string, std::less<>>;  // how they ended, by the job's object
    JobWatch(SystemBus& bus, std::unique_ptr<Ended> ended, Handle<sd_bus_slot, &sd_bus_slot_unref> listening)
        : bus_{&bus}, ended_{std::move(ended)}, listening_{std::move(listening)} {}
    static int note(sd_bus_message* message, void* into, sd_bus_error* error);

    SystemBus* bus_;
    std::unique_ptr<Ended> ended_;  // where the slot writes to
    Handle<sd_bus_slot, &sd_bus_slot_unref> listening_;
};

}  // namespace agent
