#include "host/service_manager.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/encoding.hpp"

namespace agent {
namespace {

constexpr std::string_view units_path{"/org/freedesktop/systemd1/unit/"};

bool is_same_namespace(const std::string& kind) {
    std::error_code failed;
    const auto ours = std::filesystem::read_symlink("/proc/self/ns/" + kind, failed);
    if (failed) return false;
    const auto its = std::filesystem::read_symlink("/proc/1/ns/" + kind, failed);
    return !failed && ours == its;
}

// A mount namespace of our own is the rule for a confined unit, and no other host.
bool is_same_root() {
    struct stat ours {};
    struct stat its {};
    return ::stat("/", &ours) == 0 && ::stat("/proc/1/root/", &its) == 0 && ours.st_dev == its.st_dev &&
           ours.st_ino == its.st_ino;
}

}  // namespace

bool is_run_by_systemd() {
    std::error_code failed;
    if (!std::filesystem::is_directory("/run/systemd/system", failed)) return false;  // sd_booted(3)
    constexpr std::array kinds{"net", "pid", "user"};
    return std::ranges::all_of(kinds, is_same_namespace) && is_same_root();
}

// Whatever is no letter or digit is written as "_" and two hexadecimal digits, and so is a digit at the start.
std::string object_path_of(const std::string& unit) {
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

Error unreadable_answer(int negative_errno) {
    return system_error(-negative_errno, "reading the service manager's answer");
}

Task<BusMessage> call_manager(SystemBus& bus, const char* method, std::vector<std::string> arguments) {
    AGENT_CO_TRY(auto message, bus.new_call(manager_path, manager_interface, method));
    for (const auto& argument : arguments) {
        const int failed = sd_bus_message_append(message.get(), "s", argument.c_str());
        if (failed < 0) co_return system_error(-failed, "asking the service manager");
    }
    auto answer = co_await bus.call(std::move(message));
    co_return answer;
}

Result<std::string> job_in(const BusMessage& message) {
    const char* path{};
    if (const int failed = sd_bus_message_read(message.get(), "o", &path); failed < 0) return unreadable_answer(failed);
    return std::string{path};
}

int JobWatch::note(sd_bus_message* message, void* into, sd_bus_error*) {
    std::uint32_t id{};
    const char* job{};
    const char* unit{};
    const char* result{};
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
        static_cast<Ended*>(into)->insert_or_assign(job, result);
    return 0;
}

Task<JobWatch> JobWatch::begin(SystemBus& bus) {
    auto ended = std::make_unique<Ended>();
    sd_bus_slot* raw{};
    const int failed = sd_bus_match_signal_async(bus.get(), &raw, nullptr, manager_path, manager_interface,
                                                 "JobRemoved", &note, nullptr, ended.get());
    if (failed < 0) co_return Error{Errc::unreachable, "the system bus does not let us listen"};
    Handle<sd_bus_slot, &sd_bus_slot_unref> listening{raw};
    std::vector<std::string> nothing;
    auto subscribed = co_await call_manager(bus, "Subscribe", std::move(nothing));
    if (subscribed.has_error()) co_return std::move(subscribed).error();
    co_return JobWatch{bus, std::move(ended), std::move(listening)};
}

Task<std::string> JobWatch::result_of(std::string job) {
    auto has_ended = [this, &job] { return ended_->contains(job); };
    std::function<bool()> done{has_ended};
    AGENT_CO_TRY(co_await bus_->process_until(std::move(done)));
    co_return ended_->find(job)->second;
}

}  // namespace agent
