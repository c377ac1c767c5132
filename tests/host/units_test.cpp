#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "async/system_time_source.hpp"
#include "host/systemd_units.hpp"
#include "host/unit_name.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr auto unit_path = "/org/freedesktop/systemd1/unit/one_2eservice";
constexpr auto mute_path = "/org/freedesktop/systemd1/unit/_30mute_40a1_2eservice";

// Speaks as the bus and as the service manager, to one client, through the real library.
class StandInManager {
public:
    explicit StandInManager(const std::filesystem::path& socket_path) {
        listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_path.native().copy(address.sun_path, sizeof address.sun_path - 1);
        if (bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"bind"};
        listen(listening_, 1);
        thread_ = std::jthread{[this] { serve(); }};
    }
    ~StandInManager() {
        shutdown(listening_, SHUT_RDWR);
        thread_.join();
        close(listening_);
    }
    StandInManager(const StandInManager&) = delete;
    StandInManager& operator=(const StandInManager&) = delete;
    StandInManager(StandInManager&&) = delete;
    StandInManager& operator=(StandInManager&&) = delete;

    // What it was asked to do, with the arguments: "StartUnit one.service replace".
    [[nodiscard]] std::vector<std::string> asked() {
        const std::lock_guard lock{mutex_};
        return asked_;
    }

private:
    void note(std::string words) {
        const std::lock_guard lock{mutex_};
        asked_.push_back(std::move(words));
    }
    static int hello(sd_bus_message* m, void*, sd_bus_error*) { return sd_bus_reply_method_return(m, "s", ":1.1"); }
    static int nothing(sd_bus_message* m, void*, sd_bus_error*) { return sd_bus_reply_method_return(m, ""); }
    static int reload(sd_bus_message* m, void* self, sd_bus_error*) {
        static_cast<StandInManager*>(self)->note("Reload");
        return sd_bus_reply_method_return(m, "");
    }
    static int change_files(sd_bus_message* m, void* self, sd_bus_error* error) {
        const std::string method{sd_bus_message_get_member(m)};
        const bool enables = method == "EnableUnitFiles";
        const char* unit{};
        int runtime{};
        int force{};
        if (sd_bus_message_enter_container(m, 'a', "s") < 0 || sd_bus_message_read(m, "s", &unit) < 0 ||
            sd_bus_message_exit_container(m) < 0 || sd_bus_message_read(m, "b", &runtime) < 0 ||
            (enables && sd_bus_message_read(m, "b", &force) < 0))
            return -EINVAL;
        const std::string_view name{unit};
        if (name == "missing.service")
            return sd_bus_error_set(error, "org.freedesktop.DBus.Error.FileNotFound", "Unit file does not exist.");
        const std::string how = runtime != 0 || force != 0 ? " not for good" : "";
        static_cast<StandInManager*>(self)->note(method + ' ' + unit + how);
        if (!enables) return sd_bus_reply_method_return(m, "a(sss)", 1U, "unlink", "/etc/link", "");
        const int has_install_section = name == "static.service" ? 0 : 1;
        return sd_bus_reply_method_return(m, "ba(sss)", has_install_section, 1U, "symlink", "/etc/link", "/lib/file");
    }
    static int job(sd_bus_message* m, void* self, sd_bus_error* error) {
        const char* unit{};
        const char* mode{};
        if (sd_bus_message_read(m, "ss", &unit, &mode) < 0) return -EINVAL;
        const std::string_view name{unit};
        static_cast<StandInManager*>(self)->note(std::string{sd_bus_message_get_member(m)} + ' ' + unit + ' ' + mode);
        if (name == "masked.service")
            return sd_bus_error_set(error, "org.freedesktop.systemd1.UnitMasked", "Unit masked.service is masked.");
        if (name == "missing.service")
            return sd_bus_error_set(error, "org.freedesktop.systemd1.NoSuchUnit", "Unit missing.service not found.");
        if (name == "endless.service") return sd_bus_reply_method_return(m, "o", "/job/1");
        // The job ends before its number is told, as short ones do.
        sd_bus_emit_signal(sd_bus_message_get_bus(m), "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                           "JobRemoved", "uoss", 1U, "/job/1", unit, name == "failing.service" ? "failed" : "done");
        return sd_bus_reply_method_return(m, "o", "/job/1");
    }
    static int relations(sd_bus*, const char*, const char*, const char* property, sd_bus_message* reply, void*,
                         sd_bus_error*) {
        return sd_bus_message_append(reply, "as", 2, property, "two.service");
    }
    static int text(sd_bus*, const char*, const char*, const char* property, sd_bus_message* reply, void*,
                    sd_bus_error*) {
        const std::string_view name{property};
        return sd_bus_message_append(reply, "s",
                                     name == "LoadState"      ? "loaded"
                                     : name == "ActiveState"  ? "failed"
                                     : name == "SubState"     ? "dead"
                                     : name == "Result"       ? "exit-code"
                                     : name == "FragmentPath" ? "/lib/one.service"
                                                              : "enabled");
    }
    static int flag(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*, sd_bus_error*) {
        return sd_bus_message_append(reply, "b", 0);
    }
    static int number(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*, sd_bus_error*) {
        return sd_bus_message_append(reply, "u", 7U);
    }
    static int invocation(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*, sd_bus_error*) {
        const std::array<std::uint8_t, 4> bytes{0xde, 0xad, 0x00, 0x01};
        return sd_bus_message_append_array(reply, 'y', bytes.data(), bytes.size());
    }

    void serve() {
        static const sd_bus_vtable bus_table[] = {
            SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Hello", "", "s", hello, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("AddMatch", "s", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("RemoveMatch", "s", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END};
        static const sd_bus_vtable manager[] = {
            SD_BUS_VTABLE_START(0),
            SD_BUS_METHOD("Subscribe", "", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("Reload", "", "", reload, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("StartUnit", "ss", "o", job, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("StopUnit", "ss", "o", job, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("RestartUnit", "ss", "o", job, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("EnableUnitFiles", "asbb", "ba(sss)", change_files, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("DisableUnitFiles", "asb", "a(sss)", change_files, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_VTABLE_END};
        static const sd_bus_vtable unit[] = {SD_BUS_VTABLE_START(0),
                                             SD_BUS_PROPERTY("LoadState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("ActiveState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("SubState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("UnitFileState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("ConditionResult", "b", flag, 0, 0),
                                             SD_BUS_PROPERTY("FragmentPath", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("Wants", "as", relations, 0, 0),
                                             SD_BUS_PROPERTY("Conflicts", "as", relations, 0, 0),
                                             SD_BUS_PROPERTY("RequiredBy", "as", relations, 0, 0),
                                             SD_BUS_PROPERTY("ConsistsOf", "as", relations, 0, 0),
                                             SD_BUS_PROPERTY("InvocationID", "ay", invocation, 0, 0),
                                             SD_BUS_VTABLE_END};
        static const sd_bus_vtable service[] = {SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("Result", "s", text, 0, 0),
                                                SD_BUS_PROPERTY("NRestarts", "u", number, 0, 0),
                                                SD_BUS_PROPERTY("MemoryCurrent", "u", number, 0, 0), SD_BUS_VTABLE_END};
        static const sd_bus_vtable mute[] = {SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("NRestarts", "u", number, 0, 0),
                                             SD_BUS_VTABLE_END};
        const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) return;
        sd_bus* bus{};
        sd_bus_new(&bus);
        sd_bus_set_fd(bus, client, client);
        sd_bus_set_server(bus, 1, sd_id128_t{{1}});
        sd_bus_add_object_vtable(bus, nullptr, "/org/freedesktop/DBus", "org.freedesktop.DBus", bus_table, nullptr);
        sd_bus_add_object_vtable(bus, nullptr, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", manager,
                                 this);
        sd_bus_add_object_vtable(bus, nullptr, unit_path, "org.freedesktop.systemd1.Unit", unit, nullptr);
        sd_bus_add_object_vtable(bus, nullptr, unit_path, "org.freedesktop.systemd1.Service", service, nullptr);
        sd_bus_add_object_vtable(bus, nullptr, mute_path, "org.freedesktop.systemd1.Service", mute, nullptr);
        sd_bus_start(bus);
        for (int handled = 0; handled >= 0;) {
            handled = sd_bus_process(bus, nullptr);
            if (handled == 0) handled = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_close_unref(bus);
    }

    int listening_{-1};
    std::mutex mutex_;
    std::vector<std::string> asked_;
    std::jthread thread_;
};

class Units : public ::testing::Test {
protected:
    asio::io_context io;
    SystemTimeSource time;
    testing::TemporaryDirectory folder;
    StandInManager manager{folder.path() / "bus"};
    SystemdUnits units{time, "unix:path=" + (folder.path() / "bus").native()};
    Result<> restart(const char* unit, Duration limit = Duration{20'000}) {
        return testing::run(io, units.run_job(unit, UnitJob::restart, limit));
    }
};

TEST_F(Units, TellTheirWholeState) {
    const auto state = testing::run(io, units.state("one.service")).value();
    EXPECT_EQ(state.load_state, "loaded");
    EXPECT_EQ(state.active_state, "failed");
    EXPECT_EQ(state.sub_state, "dead");
    EXPECT_EQ(state.result, "exit-code");
    EXPECT_FALSE(state.condition_result);
    EXPECT_FALSE(state.is_active());
    EXPECT_EQ(state.unit_file_state, "enabled");
    EXPECT_EQ(state.restarts, 7U);
    EXPECT_EQ(state.invocation_id, "dead0001");
    EXPECT_EQ(state.unit_file, "/lib/one.service");
    EXPECT_THAT(state.conflicts, ElementsAre("Conflicts", "two.service"));
    EXPECT_THAT(state.dependents, UnorderedElementsAre("RequiredBy", "two.service", "ConsistsOf", "two.service"));
}

TEST_F(Units, WithoutAStateInTheAnswerAreNotUnderstood) {
    EXPECT_EQ(testing::run(io, units.state("0mute@a1.service")).error().code(), Errc::malformed);
}

TEST_F(Units, AreRestartedAlsoWhereTheJobEndsBeforeItsNumberIsTold) {
    const auto done = restart("one.service");
    EXPECT_TRUE(done.has_value()) << done.error().message();
}

TEST_F(Units, AreStarted) {
    EXPECT_TRUE(testing::run(io, units.run_job("one.service", UnitJob::start, Duration{20'000})).has_value());
    EXPECT_THAT(manager.asked(), ElementsAre("StartUnit one.service replace"));
}

TEST_F(Units, ThatWillNotStopSaySo) {
    const auto done = testing::run(io, units.run_job("failing.service", UnitJob::stop, Duration{20'000}));
    EXPECT_THAT(done.error().message(), HasSubstr("stopping unit failing.service: the stop ended as \"failed\""));
    EXPECT_THAT(manager.asked(), ElementsAre("StopUnit failing.service replace"));
}

TEST_F(Units, AreEnabledForGoodAndTheUnitFilesReadAgain) {
    EXPECT_TRUE(testing::run(io, units.enable("one.service")).has_value());
    EXPECT_THAT(manager.asked(), ElementsAre("EnableUnitFiles one.service", "Reload"));
}

TEST_F(Units, AreDisabledForGoodAndTheUnitFilesReadAgain) {
    EXPECT_TRUE(testing::run(io, units.disable("one.service")).has_value());
    EXPECT_THAT(manager.asked(), ElementsAre("DisableUnitFiles one.service", "Reload"));
}

TEST_F(Units, WithoutAnInstallSectionAreNotEnabled) {
    const auto done = testing::run(io, units.enable("static.service"));
    EXPECT_THAT(done.error().message(), HasSubstr("its unit file has no [Install] section"));
}

TEST_F(Units, WithoutAFileAreNotEnabled) {
    EXPECT_EQ(testing::run(io, units.enable("missing.service")).error().code(), Errc::not_found);
}

TEST_F(Units, WhoseJobFailsSayWhereToLook) {
    EXPECT_THAT(restart("failing.service").error().message(), HasSubstr("journalctl -u failing.service"));
}

TEST_F(Units, ThatAreMaskedAreRefused) { EXPECT_EQ(restart("masked.service").error().code(), Errc::refused); }

TEST_F(Units, ThatDoNotExistAreNotFound) { EXPECT_EQ(restart("missing.service").error().code(), Errc::not_found); }

TEST_F(Units, WhoseJobNeverEndsAreLeftAtTheDeadline) {
    EXPECT_EQ(restart("endless.service", Duration{200}).error().code(), Errc::timed_out);
}

TEST(UnitsWithoutABus, AreUnreachableAndSayWhy) {
    asio::io_context io;
    SystemTimeSource time;
    SystemdUnits units{time, "unix:path=/no/such/bus"};
    const auto state = testing::run(io, units.state("ssh.service"));
    EXPECT_EQ(state.error().code(), Errc::unreachable);
    EXPECT_EQ(state.error().message(),
              "the system bus at unix:path=/no/such/bus cannot be reached: No such file or directory; is this host run "
              "by systemd?");
}

TEST(UnitNames, AreCheckedBeforeAnybodyIsAsked) {
    for (const char* good : {"ssh.service", "getty@tty1.service", "dev-disk-by\\x2dlabel.swap", "a:b.timer"})
        EXPECT_TRUE(check_unit_name(good).has_value()) << good;
    for (const char* bad : {"", "ssh", "ssh.servic", ".service", "a b.service", "../x.service", "getty@.service",
                            "@x.service", "a.service\n"})
        EXPECT_EQ(check_unit_name(bad).error().code(), Errc::malformed) << bad;
    EXPECT_TRUE(check_unit_name(std::string(248, 'a') + ".service").has_error());
}

}  // namespace
}  // namespace agent
