#pragma once
// The real clamd with signatures of the test's own, and programs that only look like it.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

constexpr auto clamd_program = "/usr/sbin/clamd";

// In two pieces, so that no scanner takes this source for the test file itself.
inline std::string eicar_signature(const std::string& name) {
    const std::string content =
        std::string{R"(X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-)"} + "ANTIVIRUS-TEST-FILE!$H+H*";
    return name + ":0:*:" + hex_encode(bytes_of(content)) + "\n";
}

// A signature that finds something else.
inline std::string other_signature() { return "Own.Other:0:*:" + hex_encode(bytes_of("some other malware")) + "\n"; }

inline std::string octal_field(std::size_t number, int digits) {
    std::ostringstream text;
    text << std::oct << std::setw(digits) << std::setfill('0') << number;
    return text.str();
}

// One file of a POSIX tar archive.
inline std::string tar_member(const std::string& name, const std::string& content) {
    constexpr std::size_t block = 512;
    std::string header(block, '\0');
    const auto put = [&header](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal_field(content.size(), 11));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal_field(sum, 6) + '\0');
    const std::size_t padding = (block - content.size() % block) % block;
    return header + content + std::string(padding, '\0');
}

// Daily signatures with a number and a date, as clamd loads them from a .cud file, which nobody has to sign: a header
// of 512 bytes, then an archive with a list of its files.
inline std::string dated_signatures(const std::string& ndb, int number, WallTime date) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(date.time_since_epoch()).count();
    std::string header = "ClamAV-VDB:01 Jan 2026 00-00 +0000:" + std::to_string(number) +
                         ":1:90:" + std::string(32, 'X') + ":X:own:" + std::to_string(seconds);
    const auto list = header + "\ndaily.ndb:" + std::to_string(ndb.size()) + ":" + sha256_hex(ndb) + "\n";
    header.resize(512, ' ');
    return header + tar_member("COPYING", "own\n") + tar_member("daily.info", list) + tar_member("daily.ndb", ndb) +
           std::string(1024, '\0');
}

class RealClamd {
public:
    // With the signatures that lie in `folder`/db; ready when this returns.
    explicit RealClamd(const TemporaryDirectory& folder) : socket{folder.path() / "clamd.ctl"} {
        const auto configuration = folder.write(
            "clamd.conf", "LocalSocket " + socket.native() + "\nDatabaseDirectory " + (folder.path() / "db").native() +
                              "\nForeground yes\nConcurrentDatabaseReload no\n");
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
        const Descriptor output{ends[0]};
        Descriptor input{ends[1]};
        posix_spawn_file_actions_t actions{};
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, input.get(), STDERR_FILENO);
        std::string program{clamd_program};
        std::string option{"--config-file=" + configuration.native()};
        const std::array<char*, 3> arguments{program.data(), option.data(), nullptr};
        const int failed = posix_spawn(&pid_, clamd_program, &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) throw std::runtime_error{"clamd cannot be started"};
        input.reset();
        wait_until_ready(output.get());
    }
    ~RealClamd() { stop(); }
    RealClamd(const RealClamd&) = delete;
    RealClamd& operator=(const RealClamd&) = delete;
    RealClamd(RealClamd&&) = delete;
    RealClamd& operator=(RealClamd&&) = delete;

    // Its socket stays behind, as after a crash.
    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

    std::filesystem::path socket;

private:
    // It says that it checks itself once it listens; its end closes the pipe.
    static void wait_until_ready(int output) {
        std::string said;
        std::array<char, 1024> part{};
        while (said.find("Self checking every") == std::string::npos) {
            const auto count = ::read(output, part.data(), part.size());
            if (count <= 0) throw std::runtime_error{"clamd ended: " + said};
            said.append(part.data(), static_cast<std::size_t>(count));
        }
    }

    pid_t pid_{-1};
};

// Listens where clamd would; what happens to a connection is the test's choice, one after the other.
class StandInClamd {
public:
    using Behaviour = std::function<void(int connection)>;

    // Without a behaviour it is deaf: the kernel accepts connections for it and nobody reads them.
    explicit StandInClamd(std::filesystem::path at, Behaviour behaviour = {}) : socket{std::move(at)} {
        listening_ = Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
        if (bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"bind"};
        listen(listening_.get(), 8);
        if (!behaviour) return;
        thread_ = std::jthread{[this, behaviour = std::move(behaviour)] {
            for (;;) {
                const Descriptor connection{accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
                if (!connection.valid()) return;
                behaviour(connection.get());
            }
        }};
    }
    ~StandInClamd() { shutdown(listening_.get(), SHUT_RDWR); }
    StandInClamd(const StandInClamd&) = delete;
    StandInClamd& operator=(const StandInClamd&) = delete;
    StandInClamd(StandInClamd&&) = delete;
    StandInClamd& operator=(StandInClamd&&) = delete;

    [[nodiscard]] bool was_asked() const {
        pollfd waiting{listening_.get(), POLLIN, 0};
        return poll(&waiting, 1, 0) > 0;
    }

    // Reads a command and answers `text`.
    [[nodiscard]] static Behaviour answering(std::string text) {
        return [text = std::move(text)](int connection) {
            std::array<char, 256> command{};
            static_cast<void>(::recv(connection, command.data(), command.size(), 0));
            static_cast<void>(::send(connection, text.data(), text.size(), MSG_NOSIGNAL));
        };
    }
    // Answers with a hundred million bytes, or as many as anybody wants.
    [[nodiscard]] static Behaviour flooding() {
        return [](int connection) {
            const std::string part(100'000, 'x');
            for (int i = 0; i < 1000; ++i)
                if (::send(connection, part.data(), part.size(), MSG_NOSIGNAL) < 0) return;
        };
    }

    std::filesystem::path socket;

private:
    Descriptor listening_;
    std::jthread thread_;
};

}  // namespace agent::testing
