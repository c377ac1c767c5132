#include "host/transient_unit_settings.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <initializer_list>

#include "host/command_parts.hpp"

namespace agent {
namespace {

// Until systemd itself gives up on a program whose agent is dead or hangs.
constexpr std::chrono::seconds grace{30};
constexpr std::chrono::seconds patience_with_the_killed{5};

std::uint64_t microseconds(Duration duration) {
    return static_cast<std::uint64_t>(std::chrono::microseconds{duration}.count());
}

// Appends settings one after the other; once one was not taken, none follows.
class Settings {
public:
    explicit Settings(sd_bus_message* message) : message_{message} {}

    void text(const char* name, const char* value) { put(name, "s", value); }
    void flag(const char* name, bool value) { put(name, "b", static_cast<int>(value)); }
    void number(const char* name, std::uint64_t value) { put(name, "t", value); }
    void signal(const char* name, int value) { put(name, "i", value); }
    void descriptor(const char* name, const Descriptor& value) { put(name, "h", value.get()); }
    void texts(const char* name, std::initializer_list<const char*> values) {
        begin(name, "as");
        step([&] { return sd_bus_message_open_container(message_, 'a', "s"); });
        for (const auto* value : values) step([&] { return sd_bus_message_append(message_, "s", value); });
        end();
    }
    // A list with one entry, made of a text and a flag.
    void marked_text(const char* name, const char* value, bool flag) {
        put(name, "a(sb)", 1, value, static_cast<int>(flag));
    }
    void program(const Command& command);
    [[nodiscard]] int failed() const noexcept { return failed_; }

private:
    template <class Work>
    void step(Work work) {
        if (failed_ >= 0) failed_ = work();
    }
    template <class... Values>
    void put(const char* name, const char* type, Values... values) {
        step([&] { return sd_bus_message_append(message_, "(sv)", name, type, values...); });
    }
    void begin(const char* name, const char* type) {
        step([&] { return sd_bus_message_open_container(message_, 'r', "sv"); });
        step([&] { return sd_bus_message_append(message_, "s", name); });
        step([&] { return sd_bus_message_open_container(message_, 'v', type); });
    }
    // Of the value's outermost container, and of what begin() opened.
    void end() {
        for (int i = 0; i < 3; ++i) step([&] { return sd_bus_message_close_container(message_); });
    }

    sd_bus_message* message_;
    int failed_{};
};

// As it stands: "$NAME" and "%n" in an argument mean nothing.
void Settings::program(const Command& command) {
    const auto& path = command.program.native();
    begin("ExecStartEx", "a(sasas)");
    step([&] { return sd_bus_message_open_container(message_, 'a', "(sasas)"); });
    step([&] { return sd_bus_message_open_container(message_, 'r', "sasas"); });
    step([&] { return sd_bus_message_append(message_, "s", path.c_str()); });
    step([&] { return sd_bus_message_open_container(message_, 'a', "s"); });
    step([&] { return sd_bus_message_append(message_, "s", path.c_str()); });
    for (const auto& argument : command.arguments)
        step([&] { return sd_bus_message_append(message_, "s", argument.c_str()); });
    step([&] { return sd_bus_message_close_container(message_); });
    step([&] { return sd_bus_message_append(message_, "as", 1, "no-env-expand"); });
    step([&] { return sd_bus_message_close_container(message_); });
    end();
}

constexpr std::uint64_t capabilities(std::initializer_list<int> numbers) {
    std::uint64_t set{};
    for (const int number : numbers) set |= std::uint64_t{1} << static_cast<unsigned>(number);
    return set;
}

// What keeps a program from changing what it only has to read.
void let_only_read(Settings& settings) {
    settings.text("ProtectSystem", "strict");
    settings.text("ProtectHome", "read-only");
    for (const auto* name : {"NoNewPrivileges", "ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups",
                             "ProtectHostname", "RestrictSUIDSGID", "RestrictRealtime", "LockPersonality"})
        settings.flag(name, true);
}

void confine(Settings& settings, Privileges privileges) {
    switch (privileges) {
        case Privileges::same: return;
        case Privileges::reading:
            let_only_read(settings);
            // CAP_NET_ADMIN: without it nobody may list the packet filter.
            settings.number("CapabilityBoundingSet",
                            capabilities({CAP_DAC_READ_SEARCH, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYSLOG}));
            return;
        case Privileges::packet_filter:
            let_only_read(settings);
            settings.number("CapabilityBoundingSet", capabilities({CAP_NET_ADMIN}));
            settings.flag("PrivateTmp", true);
            return;
    }
}

void give_ends(Settings& settings, const ProgramEnds& ends) {
    settings.descriptor("StandardOutputFileDescriptor", ends.output);
    settings.descriptor("StandardErrorFileDescriptor", ends.error);
    if (ends.input.valid())
        settings.descriptor("StandardInputFileDescriptor", ends.input);
    else
        settings.text("StandardInput", "null");
    settings.texts("Environment", {basic_environment[0], basic_environment[1]});
    settings.texts("UnsetEnvironment", {"LANG", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID",
                                        "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE"});
    if (!ends.environment.valid()) return;
    const auto file = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends.environment.get());
    settings.marked_text("EnvironmentFiles", file.c_str(), false);
}

}  // namespace

int append_settings(sd_bus_message* message, const Command& command, const ProgramEnds& ends) {
    if (const int failed = sd_bus_message_open_container(message, 'a', "(sv)"); failed < 0) return failed;
    Settings settings{message};
    settings.text("Description", ("Step of compliance-agent: " + command.program.native()).c_str());
    // The job that starts it ends when it has ended, and all that it left behind as well.
    settings.text("Type", "oneshot");
    settings.text("KillMode", "control-group");
    settings.text("CollectMode", "inactive");  // one that failed stays until it was read
    settings.program(command);
    give_ends(settings, ends);
    settings.number("TimeoutStartUSec", microseconds(command.deadline + grace));
    settings.number("TimeoutStopUSec", microseconds(patience_with_the_killed));
    for (const auto* name : {"KillSignal", "FinalKillSignal"}) settings.signal(name, SIGKILL);
    settings.number("LimitCORE", 0);
    if (command.file_limit != 0) settings.number("LimitFSIZE", command.file_limit);
    confine(settings, command.privileges);
    if (settings.failed() < 0) return settings.failed();
    return sd_bus_message_close_container(message);
}

}  // namespace agent
