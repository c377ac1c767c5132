#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <vector>

#include "base/handle.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t file_chunk = 64UL * 1024UL;
constexpr std::size_t account_bytes = 64UL * 1024UL;  // room for one entry of the account database

// O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
Result<Descriptor> open_for_reading(const std::filesystem::path& file, int flags) {
    Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags)};
    if (!opened.valid()) return file_error(errno, "read", file);
    return opened;
}

// Bytes read, 0 at the end.
Result<std::size_t> read_some(const Descriptor& from, char* to, std::size_t most, const std::filesystem::path& file) {
    for (;;) {
        const auto count = ::read(from.get(), to, most);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return file_error(errno, "read", file);
    }
}

Result<std::string> digest_of(const Descriptor& from, const std::filesystem::path& file) {
    Sha256 digest;
    std::vector<char> chunk(file_chunk);
    for (std::uintmax_t total = 0; total <= hashed_bytes_most;) {
        AGENT_TRY(const auto count, read_some(from, chunk.data(), chunk.size(), file));
        if (count == 0) return to_hex(digest.finish());
        digest.update(std::as_bytes(std::span{chunk.data(), count}));
        total += count;
    }
    return Error{Errc::malformed, file.native() + " is larger than " +
                                      std::to_string(hashed_bytes_most / (1024UL * 1024UL)) +
                                      " MiB: too large to hash"};
}

FileKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return FileKind::regular;
    if (S_ISDIR(mode)) return FileKind::directory;
    if (S_ISLNK(mode)) return FileKind::symbolic_link;
    return FileKind::other;
}

std::string owner_name(uid_t uid) {
    std::vector<char> buffer(account_bytes);
    passwd entry{};
    passwd* found{};
    if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_name;
    return std::to_string(uid);
}

std::string group_name(gid_t gid) {
    std::vector<char> buffer(account_bytes);
    group entry{};
    group* found{};
    if (getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.gr_name;
    return std::to_string(gid);
}

FileFacts facts_of(const struct stat& status) {
    FileFacts facts;
    facts.kind = kind_of(status.st_mode);
    facts.mode = status.st_mode & 07777U;
    facts.uid = status.st_uid;
    facts.gid = status.st_gid;
    facts.owner = owner_name(status.st_uid);
    facts.group = group_name(status.st_gid);
    facts.size = static_cast<std::uintmax_t>(status.st_size);
    return facts;
}

// The number that `text` spells, or nothing. The highest one means "unchanged" to chown.
std::optional<std::uint32_t> account_number(std::string_view text) {
    std::uint32_t number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (number == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return number;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file, std::size_t most) {
    AGENT_TRY(const auto opened, open_for_reading(file, 0));
    struct stat status {};
    if (fstat(opened.get(), &status) != 0) return file_error(errno, "read", file);
    if (!S_ISREG(status.st_mode)) return Error{Errc::malformed, file.native() + " is no regular file"};
    std::string text;
    for (;;) {
        const auto held = text.size();
        const auto step = std::min(file_chunk, most + 1 - held);  // one more, to tell "full" from "too long"
        text.resize(held + step);
        AGENT_TRY(const auto count, read_some(opened, text.data() + held, step, file));
        text.resize(held + count);
        if (count == 0) return text;
        if (text.size() > most)
            return Error{Errc::malformed, file.native() + " is larger than " + std::to_string(most) + " bytes"};
    }
}

Result<std::string> read_start(const std::filesystem::path& file, std::size_t most) {
    AGENT_TRY(const auto opened, open_for_reading(file, 0));
    struct stat status {};
    if (fstat(opened.get(), &status) != 0) return file_error(errno, "read", file);
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return Error{Errc::malformed, file.native() + " is no regular file or block device"};
    std::string bytes(most, '\0');
    std::size_t held = 0;
    while (held < most) {
        AGENT_TRY(const auto count, read_some(opened, bytes.data() + held, most - held, file));
        if (count == 0) break;
        held += count;
    }
    bytes.resize(held);
    return bytes;
}

Result<std::optional<FileFacts>> inspect_file(const std::filesystem::path& file, Content content) {
    struct stat status {};
    if (lstat(file.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileFacts>{};
        return file_error(errno, "search", file);
    }
    if (!S_ISREG(status.st_mode) || content == Content::left_alone) return std::optional{facts_of(status)};
    auto opened = open_for_reading(file, O_NOFOLLOW);
    if (opened.has_error()) {
        if (opened.error().code() == Errc::not_found) return std::optional<FileFacts>{};  // gone since
        return std::move(opened).error();
    }
    // The file that was opened is what counts, should another one have taken its place meanwhile.
    if (fstat(opened.value().get(), &status) != 0) return file_error(errno, "read", file);
    auto facts = facts_of(status);
    if (facts.kind == FileKind::regular) {
        AGENT_TRY(facts.sha256, digest_of(opened.value(), file));
    }
    return std::optional{std::move(facts)};
}

Result<uid_t> user_id(std::string_view name_or_number) {
    if (const auto number = account_number(name_or_number)) return uid_t{*number};
    const std::string name{name_or_number};
    std::vector<char> buffer(account_bytes);
    passwd entry{};
    passwd* found{};
    if (const int failed = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found); failed != 0)
        return system_error(failed, "looking up user " + agent::quoted(name));
    if (found == nullptr) return Error{Errc::not_found, "no user named " + agent::quoted(name) + " on this host"};
    return entry.pw_uid;
}

Result<gid_t> group_id(std::string_view name_or_number) {
    if (const auto number = account_number(name_or_number)) return gid_t{*number};
    const std::string name{name_or_number};
    std::vector<char> buffer(account_bytes);
    group entry{};
    group* found{};
    if (const int failed = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found); failed != 0)
        return system_error(failed, "looking up group " + agent::quoted(name));
    if (found == nullptr) return Error{Errc::not_found, "no group named " + agent::quoted(name) + " on this host"};
    return entry.gr_gid;
}

}  // namespace agent
