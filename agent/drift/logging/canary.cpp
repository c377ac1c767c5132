#include "drift/logging/canary.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "host/access.hpp"

namespace agent {
namespace {

constexpr std::size_t chunk = 64UL * 1024UL;
constexpr std::size_t look_most = 16UL * 1024UL * 1024UL;  // appended within one look: nobody logs that fast

// RFC 3164: facility user, severity informational.
constexpr std::string_view priority = "<14>";

Result<std::optional<Descriptor>> open_log(const std::filesystem::path& file) {
    Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (opened.valid()) {
        struct stat status {};
        if (::fstat(opened.get(), &status) != 0) return file_error(errno, "read", file);
        if (!S_ISREG(status.st_mode)) return Error{Errc::malformed, file.native() + " is no regular file"};
        return std::optional<Descriptor>{std::move(opened)};
    }
    if (errno == ENOENT) return std::optional<Descriptor>{};
    return file_error(errno, "read", file);
}

}  // namespace

int occurrences(std::string_view text, std::string_view token) {
    int count = 0;
    for (auto at = text.find(token); at != std::string_view::npos; at = text.find(token, at + token.size())) ++count;
    return count;
}

Result<> send_canary(const std::filesystem::path& socket, std::string_view token) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().size() >= sizeof address.sun_path)
        return Error{Errc::malformed, socket.native() + " is too long for the name of a socket"};
    socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const Descriptor sender{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!sender.valid()) return system_error(errno, "making a socket");
    std::string message{priority};
    message.append(canary_tag).append(": ").append(token);
    const auto sent = ::sendto(sender.get(), message.data(), message.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (sent >= 0) return ok();
    if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN) {
        const std::string why = errno == EAGAIN ? "whoever listens there does not read" : "nobody listens there";
        return Error{Errc::unreachable, "no message can be logged through " + socket.native() + ": " + why};
    }
    if (errno == EACCES) return file_error(EACCES, "write", socket);
    return system_error(errno, "logging through " + socket.native());
}

AppendedText::AppendedText(std::filesystem::path file) : file_{std::move(file)} {
    auto opened = open_log(file_);
    if (opened.has_error() || !opened.value()) return;  // told when it is asked
    reading_.file = std::move(*opened.value());
    reading_.at = ::lseek(reading_.file.get(), 0, SEEK_END);
}

Result<> AppendedText::read_on(Reading& reading, std::string_view token) {
    struct stat status {};
    if (::fstat(reading.file.get(), &status) != 0) return file_error(errno, "read", file_);
    if (status.st_size < reading.at) reading.at = 0;  // truncated in place
    std::array<char, chunk> bytes{};
    for (std::size_t total = 0; total < look_most;) {
        const auto got = ::pread(reading.file.get(), bytes.data(), bytes.size(), reading.at);
        if (got < 0) return file_error(errno, "read", file_);
        if (got == 0) return ok();
        reading.at += got;
        total += static_cast<std::size_t>(got);
        reading.kept.append(bytes.data(), static_cast<std::size_t>(got));
        found_ += occurrences(reading.kept, token);
        // What is kept is shorter than a token, so that none is counted twice.
        const auto keep = std::min(reading.kept.size(), token.size() - 1);
        reading.kept.erase(0, reading.kept.size() - keep);
    }
    return Error{Errc::malformed, file_.native() + " grows faster than it can be read"};
}

// The file that has taken the name of the one we read.
Result<std::optional<Descriptor>> AppendedText::successor() const {
    AGENT_TRY(auto opened, open_log(file_));
    if (!opened || !reading_.file.valid()) return opened;
    struct stat ours {};
    struct stat named {};
    if (::fstat(reading_.file.get(), &ours) != 0 || ::fstat(opened->get(), &named) != 0)
        return file_error(errno, "read", file_);
    if (ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) return std::optional<Descriptor>{};
    return opened;
}

Result<int> AppendedText::count(std::string_view token) {
    AGENT_TRY(auto next, successor());
    // The old one first: what came before it was renamed is still in it.
    if (reading_.file.valid()) {
        AGENT_TRY(read_on(reading_, token));
    }
    if (next) {
        reading_ = Reading{std::move(*next), 0, {}};
        AGENT_TRY(read_on(reading_, token));
    }
    return found_;
}

}  // namespace agent
