#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "async/system_time_source.hpp"
#include "host/systemd_units.hpp"
#include "host/unit_name.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

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

private:
    static int hello(sd_bus_message* m, void*, sd_bus_error*) { return sd_bus_reply_method_return(m, "s", ":1.1"); }
    static int nothing(sd_bus_message* m, void*, sd_bus_error*) { return sd_bus_reply_method_return(m, ""); }
    static int restart(sd_bus_message* m, void*, sd_bus_error* error) {
        const char* unit{};
        const char* mode{};
        if (sd_bus_message_read(m, "ss", &unit, &mode) < 0) return -EINVAL;
        const std::string_view name{unit};
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
    static int text(sd_bus*, const char*, const char*, const char* property, sd_bus_message* reply, void*,
                    sd_bus_error*) {
        const std::string_view name{property};
        return sd_bus_message_append(reply, "s",
                                     name == "LoadState"     ? "loaded"
                                     : name == "ActiveState" ? "failed"
                                     : name == "SubState"    ? "dead"
                                     : name == "Result"      ? "exit-code"
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

    void serve() const {
        static const sd_bus_vtable bus_table[] = {
            SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Hello", "", "s", hello, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("AddMatch", "s", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("RemoveMatch", "s", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END};
        static const sd_bus_vtable manager[] = {
            SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Subscribe", "", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_METHOD("RestartUnit", "ss", "o", restart, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END};
        static const sd_bus_vtable unit[] = {SD_BUS_VTABLE_START(0),
                                             SD_BUS_PROPERTY("LoadState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("ActiveState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("SubState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("UnitFileState", "s", text, 0, 0),
                                             SD_BUS_PROPERTY("ConditionResult", "b", flag, 0, 0),
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
                                 nullptr);
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
        return testing::run(io, units.restart(unit, limit));
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
}

TEST_F(Units, WithoutAStateInTheAnswerAreNotUnderstood) {
    EXPECT_EQ(testing::run(io, units.state("0mute@a1.service")).error().code(), Errc::malformed);
}

TEST_F(Units, AreRestartedAlsoWhereTheJobEndsBeforeItsNumberIsTold) {
    const auto done = restart("one.service");
    EXPECT_TRUE(done.has_value()) << done.error().message();
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
