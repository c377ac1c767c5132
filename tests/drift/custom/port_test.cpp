#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/handle.hpp"
#include "drift/baseline.hpp"
#include "drift/custom/port_check.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::finding_of;
using ::testing::HasSubstr;

class Bound {
public:
    Bound(int type, const char* address) : socket_{::socket(AF_INET, type | SOCK_CLOEXEC, 0)} {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        ::inet_pton(AF_INET, address, &name.sin_addr);
        socklen_t size = sizeof name;
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
            throw std::runtime_error{"bind"};
        if (type == SOCK_STREAM) ::listen(socket_.get(), 1);
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size);
        port_ = ntohs(name.sin_port);
    }
    [[nodiscard]] std::string name(const std::string& address, const std::string& protocol) const {
        return address + ":" + std::to_string(port_) + "/" + protocol;
    }

private:
    Descriptor socket_;
    int port_{};
};

std::vector<std::string> names(const std::vector<ListeningSocket>& sockets) {
    std::vector<std::string> list;
    for (const auto& socket : sockets) list.push_back(socket.to_string());
    return list;
}

PortBaseline allowing(const std::vector<std::string>& words) {
    PortBaseline baseline;
    baseline.common.name = CheckName{"ports"};
    for (const auto& word : words) baseline.allowed.push_back(parse_allowed_port(word).value());
    return baseline;
}

// Only what the test itself opens on loopback is looked for: the host may have other sockets.
TEST(OpenPorts, OfThisVeryProcessAreSeenAndItIsNamed) {
    const Bound tcp{SOCK_STREAM, "127.0.0.1"};
    const Bound udp{SOCK_DGRAM, "127.0.0.2"};
    testing::CheckGround ground;
    auto baseline = allowing({});
    baseline.loopback = Loopback::judge;
    const auto report = ground.look(std::make_shared<PortCheck>(baseline));
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_THAT(finding_of(report, "socket:" + tcp.name("127.0.0.1", "tcp")).found,
                HasSubstr(" (" + std::to_string(::getpid()) + ")"));
    EXPECT_EQ(finding_of(report, "socket:" + udp.name("127.0.0.2", "udp")).severity, Severity::high);
    baseline = allowing({tcp.name("127.0.0.1", "tcp")});
    baseline.loopback = Loopback::judge;
    const auto after = ground.look(std::make_shared<PortCheck>(baseline));
    EXPECT_THROW(static_cast<void>(finding_of(after, "socket:" + tcp.name("127.0.0.1", "tcp"))), std::out_of_range);
}

constexpr auto tcp_table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0\n"
    "   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 102 1 0 100 0 0 10 0\n"
    "   2: 0100007F:9C40 0100007F:0CEA 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0 100 0 0 10 0\n";
constexpr auto tcp6_table =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue tr "
    "tm->when "
    "retrnsmt   uid  timeout inode\n"
    "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 "
    "00000000     0        0 104 1 0 100 0 0 10 0\n"
    "   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 "
    "00000000     0        0 105 1 0 100 0 0 10 0\n"
    "   2: 0000000000000000FFFF00000100007F:0278 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 "
    "00000000     0        0 106 1 0 100 0 0 10 0\n";
constexpr auto udp_table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops\n"
    "  9: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 107 2 0 0\n";

class PortTables : public ::testing::Test {
protected:
    PortTables() {
        std::filesystem::create_directory(ground.folder.path() / "net");
        ground.folder.write("net/tcp", tcp_table);
        ground.folder.write("net/udp", udp_table);
    }
    CheckReport look(const PortBaseline& baseline) {
        return ground.look(std::make_shared<PortCheck>(baseline, ground.folder.path()));
    }
    testing::CheckGround ground;
};

TEST(SocketTables, AreReadAsTheKernelWritesThem) {
    EXPECT_THAT(names(parse_sockets(tcp_table, SocketTable::tcp).value()),
                ElementsAre("0.0.0.0:22/tcp", "127.0.0.1:3306/tcp"));
    EXPECT_THAT(names(parse_sockets(tcp6_table, SocketTable::tcp6).value()),
                ElementsAre("[::]:8080/tcp", "[::1]:631/tcp", "[::ffff:127.0.0.1]:632/tcp"));
    EXPECT_THAT(names(parse_sockets(udp_table, SocketTable::udp).value()), ElementsAre("0.0.0.0:68/udp"));
}

TEST(SocketTables, ThatAreNoneAreRefused) {
    const std::string header = std::string{tcp_table}.substr(0, std::string{tcp_table}.find('\n') + 1);
    for (const auto& text : {std::string{}, std::string{"what\n"}, header + "0: x:y\n",
                             header + "0: 0100007G:0016 0 0A 0 0 0 0 0 5\n", header + "0: 01:0016 0 0A 0 0 0 0 0 5\n"})
        EXPECT_TRUE(parse_sockets(text, SocketTable::tcp).has_error()) << text;
}

TEST_F(PortTables, AnOpenOneThatIsNotAllowedIsADriftAndTheOthersAreNot) {
    const auto report = look(allowing({"68/udp"}));
    EXPECT_EQ(report.findings.size(), 1U);
    const std::string holder = geteuid() == 0 ? "no process of this host (the kernel's, or a container's)"
                                              : "a process that only root may look at";
    EXPECT_EQ(report.reason, "0.0.0.0:22/tcp is open by " + holder + " and not allowed");
    EXPECT_EQ(look(allowing({"20-25/tcp", "68/udp"})).result, CheckResult::pass);
    EXPECT_EQ(look(allowing({"22/udp", "68/udp"})).result, CheckResult::drift);
    EXPECT_EQ(look(allowing({"127.0.0.1:22/tcp", "68/udp"})).result, CheckResult::drift);
}

TEST_F(PortTables, LoopbackIsLeftAloneUnlessItIsToBeJudged) {
    ground.folder.write("net/tcp6", tcp6_table);
    auto baseline = allowing({"22/tcp", "68/udp", "8080/tcp"});
    EXPECT_EQ(look(baseline).result, CheckResult::pass);
    baseline.loopback = Loopback::judge;
    EXPECT_EQ(look(baseline).findings.size(), 3U);
    baseline.allowed.push_back(parse_allowed_port("[0::1]:631/tcp").value());
    EXPECT_EQ(look(baseline).findings.size(), 2U);
}

TEST_F(PortTables, ATableThatCannotBeReadIsAnErrorBesideWhatIsKnown) {
    ground.folder.write("net/udp", "garbage\n");
    const auto report = look(allowing({}));
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "socket:0.0.0.0:22/tcp").result, CheckResult::drift);
    std::filesystem::remove(ground.folder.path() / "net/tcp");
    EXPECT_EQ(look(allowing({})).result, CheckResult::error);
}

TEST(AllowedPorts, ThatCannotBeReadAreFaults) {
    for (const auto* text : {"22", "22/sctp", "0/tcp", "70000/tcp", "30-20/tcp", "x:22/tcp", "127.0.0.1:/tcp", "/tcp"})
        EXPECT_FALSE(parse_allowed_port(text)) << text;
    testing::TemporaryDirectory folder;
    const auto outcome = load_baseline(
        folder.write("b.yaml", "version: 1\ncustom:\n  - {name: p, kind: port, allowed: [22/tcp, ssh]}\n"));
    ASSERT_EQ(outcome.faults.size(), 1U);
    EXPECT_EQ(outcome.faults[0].key, "custom[0].allowed");
}

}  // namespace
}  // namespace agent
