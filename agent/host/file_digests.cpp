#include "host/file_digests.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/handle.hpp"
#include "crypto/digest.hpp"
#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

// Hashed in less than a millisecond; then whoever else has something to do gets his turn.
constexpr std::size_t chunk_bytes = 64UL * 1024UL;

// O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
Result<Descriptor> open_regular(const std::filesystem::path& file) {
    Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!opened.valid()) return file_error(errno, "read", file);
    struct stat status {};
    if (fstat(opened.get(), &status) != 0) return file_error(errno, "read", file);
    if (!S_ISREG(status.st_mode)) return Error{Errc::malformed, file.native() + " is no regular file"};
    return opened;
}

}  // namespace

Task<FileDigests> digest_file(std::filesystem::path file) {
    AGENT_CO_TRY(const auto opened, open_regular(file));
    AGENT_CO_TRY(auto md5, Md5::start());
    Sha256 sha256;
    std::vector<std::byte> chunk(chunk_bytes);
    for (std::uintmax_t total = 0; total <= hashed_bytes_most;) {
        const auto count = ::read(opened.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) co_return file_error(errno, "read", file);
        if (count == 0) {
            FileDigests digests;
            digests.sha256 = to_hex(sha256.finish());
            digests.md5 = md5.finish();
            co_return digests;
        }
        const std::span<const std::byte> read{chunk.data(), static_cast<std::size_t>(count)};
        sha256.update(read);
        md5.update(read);
        total += read.size();
        if (read.size() < chunk_bytes) continue;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return Error{Errc::cancelled, "stopped while reading " + file.native()};
        co_await asio::post(asio::use_awaitable);
    }
    co_return Error{Errc::malformed, file.native() + " is larger than " +
                                         std::to_string(hashed_bytes_most / (1024UL * 1024UL)) +
                                         " MiB: too large to hash"};
}

}  // namespace agent
