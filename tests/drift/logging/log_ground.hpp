#pragma once
// Real loggers run by hand: rsyslogd on a socket of its own, journald in a mount name space of its own, and a far end
// that may be there or not.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.hpp"
#include "support/temporary_directory.hpp"

extern char** environ;

namespace agent::testing {

inline pid_t start_program(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files{};
    ::posix_spawn_file_actions_init(&files);
    for (const int number : {STDOUT_FILENO, STDERR_FILENO})
        ::posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_WRONLY, 0);
    pid_t pid{};
    if (::posix_spawn(&pid, argv.front(), &files, nullptr, argv.data(), environ) != 0) pid = 0;
    ::posix_spawn_file_actions_destroy(&files);
    return pid;
}

// Until somebody else has made `name` in `folder`; false after ten seconds.
inline bool wait_for(const std::filesystem::path& folder, const std::string& name) {
    const Descriptor watch{::inotify_init1(IN_CLOEXEC)};
    ::inotify_add_watch(watch.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO);
    std::array<char, 4096> events{};
    while (!std::filesystem::exists(folder / name)) {
        pollfd ready{watch.get(), POLLIN, 0};
        if (::poll(&ready, 1, 10'000) != 1) return false;
        if (::read(watch.get(), events.data(), events.size()) <= 0) return false;
    }
    return true;
}

// Listens on loopback and writes what comes into a file, twice: delivery is at least once.
class FarEnd {
public:
    explicit FarEnd(std::filesystem::path spool, int port = 0)
        : spool_{std::move(spool)}, listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        const int yes = 1;
        ::setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
            throw std::runtime_error{"bind"};
        ::listen(listening_.get(), 4);
        ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
    }
    ~FarEnd() {
        thread_.request_stop();
        ::shutdown(listening_.get(), SHUT_RDWR);
        thread_.join();
    }
    FarEnd(const FarEnd&) = delete;
    FarEnd& operator=(const FarEnd&) = delete;
    [[nodiscard]] int port() const noexcept { return port_; }

private:
    void serve(const std::stop_token& stop) const {
        while (!stop.stop_requested()) {
            const Descriptor peer{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (!peer.valid()) return;
            std::array<char, 8192> bytes{};
            while (!stop.stop_requested()) {
                pollfd ready{peer.get(), POLLIN, 0};
                if (::poll(&ready, 1, 20) == 0) continue;
                const auto got = ::read(peer.get(), bytes.data(), bytes.size());
                if (got <= 0) break;
                std::ofstream out{spool_, std::ios::app | std::ios::binary};
                for (int copy = 0; copy < 2; ++copy) out.write(bytes.data(), got);
            }
        }
    }
    std::filesystem::path spool_;
    Descriptor listening_;
    int port_{};
    std::jthread thread_;
};

class Rsyslogd {
public:
    [[nodiscard]] static bool installed() { return std::filesystem::exists("/usr/sbin/rsyslogd"); }
    // Writes into local.log; with a port, forwards there as well through a queue on disk.
    explicit Rsyslogd(int forward_to = 0) {
        std::string rules = "global(workDirectory=\"" + folder_.path().native() + "\")\n" +
                            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n" + "input(type=\"imuxsock\" Socket=\"" +
                            socket().native() + "\" CreatePath=\"off\")\n" + "action(type=\"omfile\" file=\"" +
                            file().native() + "\")\n";
        if (forward_to != 0)
            rules += "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"" + std::to_string(forward_to) +
                     "\" protocol=\"tcp\" queue.type=\"Disk\" queue.filename=\"fwd\" action.resumeRetryCount=\"-1\" "
                     "action.resumeInterval=\"1\" action.resumeIntervalMax=\"1\")\n";
        const auto rules_file = folder_.write("rsyslog.conf", rules);
        pid_ = start_program({"/usr/sbin/rsyslogd", "-n", "-f", rules_file, "-i", (folder_.path() / "pid").native()});
        if (pid_ == 0 || !wait_for(folder_.path(), "log.sock")) throw std::runtime_error{"rsyslogd does not start"};
    }
    ~Rsyslogd() { stop(); }
    Rsyslogd(const Rsyslogd&) = delete;
    Rsyslogd& operator=(const Rsyslogd&) = delete;
    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);  // its own way out waits for a far end that is not there
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "log.sock"; }
    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "local.log"; }

private:
    TemporaryDirectory folder_;
    pid_t pid_{};
};

class Journald {
public:
    // Nothing of the machine's own /run and journal is seen by it.
    Journald() {
        const auto script = folder_.write(
            "journald.sh", "mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal && : >" +
                               (folder_.path() / "ready").native() + " && exec /lib/systemd/systemd-journald\n");
        pid_ = start_program({"/usr/bin/unshare", "--mount", "/bin/sh", script});
        if (pid_ == 0 || !wait_for(folder_.path(), "ready")) return;
        runs_ = wait_for(root() / "run/systemd/journal", "dev-log");
    }
    ~Journald() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    Journald(const Journald&) = delete;
    Journald& operator=(const Journald&) = delete;
    [[nodiscard]] bool runs() const noexcept { return runs_; }
    [[nodiscard]] std::filesystem::path root() const { return "/proc/" + std::to_string(pid_) + "/root"; }

private:
    TemporaryDirectory folder_;
    pid_t pid_{};
    bool runs_{};
};

}  // namespace agent::testing
