#pragma once
// A real chronyd that measures and never sets the clock (-x), and the time server it follows, on loopback.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/temporary_directory.hpp"

extern char** environ;

namespace agent::testing {

// Answers NTP with the host's time moved by `ahead` seconds.
class TimeServer {
public:
    explicit TimeServer(double ahead) : ahead_{ahead}, socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0) throw std::runtime_error{"bind"};
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread{[this] { serve(); }};
    }
    ~TimeServer() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    TimeServer(const TimeServer&) = delete;
    TimeServer& operator=(const TimeServer&) = delete;
    [[nodiscard]] int port() const noexcept { return port_; }

private:
    static constexpr std::size_t packet_size = 48;
    static constexpr std::size_t originate = 24;
    static constexpr std::size_t transmitted = 40;
    using Packet = std::array<unsigned char, packet_size>;

    void put_time(Packet& packet, std::size_t at) const {
        constexpr double from_1900 = 2'208'988'800.0;
        const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
        const double time = now.count() + ahead_ + from_1900;
        const std::uint32_t seconds = htonl(static_cast<std::uint32_t>(time));
        const std::uint32_t fraction = htonl(static_cast<std::uint32_t>((time - std::floor(time)) * 4294967296.0));
        std::memcpy(&packet[at], &seconds, sizeof seconds);
        std::memcpy(&packet[at + 4], &fraction, sizeof fraction);
    }
    void serve() const {
        for (;;) {
            Packet asked{};
            sockaddr_in from{};
            socklen_t size = sizeof from;
            const auto got =
                ::recvfrom(socket_, asked.data(), asked.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (got <= 0) return;
            if (got < static_cast<ssize_t>(packet_size)) continue;
            // Version 4, server, stratum 1, reference "GPS" (RFC 5905 section 7.3).
            Packet answer{0x24, 1, 0, 0xec, 0, 0, 0, 0, 0, 0, 0, 0x42, 'G', 'P', 'S'};
            put_time(answer, 16);
            std::memcpy(&answer[originate], &asked[transmitted], 8);
            put_time(answer, 32);
            put_time(answer, transmitted);
            ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
        }
    }
    double ahead_;
    int socket_;
    int port_{};
    std::jthread thread_;
};

class Chronyd {
public:
    [[nodiscard]] static bool installed() { return std::filesystem::exists("/usr/sbin/chronyd"); }

    // Its parent returns once it listens.
    explicit Chronyd(const std::string& directives) {
        ::mkdir((folder_.path() / "run").c_str(), 0700);
        const auto file =
            folder_.write("chrony.conf", directives + "\ncmdport 0\nport 0\nbindcmdaddress " + socket().native() +
                                             "\npidfile " + (folder_.path() / "pid").native() + "\n");
        run({"/usr/sbin/chronyd", "-x", "-u", "root", "-f", file.native()});
        std::ifstream{folder_.path() / "pid"} >> pid_;
    }
    ~Chronyd() {
        if (pid_ > 0) ::kill(pid_, SIGTERM);
    }
    Chronyd(const Chronyd&) = delete;
    Chronyd& operator=(const Chronyd&) = delete;
    [[nodiscard]] bool runs() const noexcept { return pid_ > 0; }
    [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "run" / "chronyd.sock"; }
    // Until it follows a source, ten seconds at most.
    [[nodiscard]] bool wait_until_synchronised() const {
        return run({"/usr/bin/chronyc", "-h", socket().native(), "waitsync", "100", "0", "0", "0.1"}) == 0;
    }

private:
    static int run(std::vector<std::string> words) {
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t files{};
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        pid_t pid{};
        int status = -1;
        if (::posix_spawn(&pid, argv.front(), &files, nullptr, argv.data(), environ) == 0) ::waitpid(pid, &status, 0);
        ::posix_spawn_file_actions_destroy(&files);
        return status;
    }
    TemporaryDirectory folder_;
    pid_t pid_{};
};

}  // namespace agent::testing
