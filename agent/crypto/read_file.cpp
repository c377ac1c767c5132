// Key and certificate files, read with a bound.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/encoding.hpp"
#include "crypto/pem.hpp"
#include "crypto/sodium.hpp"

namespace agent {
namespace {

// Opens a regular file; never waits for the other end of a pipe.
Result<Descriptor> open_regular(const std::filesystem::path& file) {
    Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!descriptor.valid()) {
        const int reason = errno;
        auto error = system_error(reason, file.string());
        if (reason == ENOENT) return Error{Errc::not_found, error.message()};
        return error;
    }
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return system_error(errno, file.string());
    if (!S_ISREG(status.st_mode)) return Error{Errc::untrusted, file.string() + ": is no regular file"};
    return descriptor;
}

// Fills `buffer` as far as the file goes.
Result<std::size_t> read_into(std::span<std::byte> buffer, const std::filesystem::path& file) {
    AGENT_TRY(const auto descriptor, open_regular(file));
    std::size_t size = 0;
    while (size < buffer.size()) {
        const auto rest = buffer.subspan(size);
        const auto count = ::read(descriptor.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error(errno, file.string());
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    return size;
}

}  // namespace

Result<SecretBytes> read_key_file(const std::filesystem::path& file) {
    start_sodium();
    constexpr std::size_t most = 64UL * 1024UL;
    SecretBytes buffer{most + 1};
    AGENT_TRY(const auto size, read_into(buffer.writable(), file));
    if (size > most) return Error{Errc::untrusted, file.string() + ": is larger than 64 KiB, so it is no key file"};
    SecretBytes bytes{size};
    std::copy_n(buffer.bytes().begin(), size, bytes.writable().begin());
    return bytes;
}

Result<std::string> read_public_file(const std::filesystem::path& file) {
    constexpr std::size_t most = 1024UL * 1024UL;
    std::string bytes(most + 1, '\0');
    AGENT_TRY(const auto size, read_into(std::as_writable_bytes(std::span{bytes}), file));
    if (size > most) return Error{Errc::untrusted, file.string() + ": is larger than 1 MiB"};
    bytes.resize(size);
    bytes.shrink_to_fit();
    return bytes;
}

}  // namespace agent
