#pragma once
// Files of the host: looked at without being fooled by links, replaced whole or not at all.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

// Follows links. `not_found`, `system` (the message names the missing right on EACCES) or `malformed`: beyond `most`
// bytes, or no regular file.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file, std::size_t most);

// The first `most` bytes of a regular file or block device; fewer where it is shorter. Errors as read_file.
[[nodiscard]] Result<std::string> read_start(const std::filesystem::path& file, std::size_t most);

enum class FileKind : std::uint8_t { regular, directory, symbolic_link, other };

struct FileFacts {
    FileKind kind{FileKind::regular};
    mode_t mode{};  // permission bits only, 07777
    uid_t uid{};
    gid_t gid{};
    std::string owner;  // name, or the number where there is none
    std::string group;
    std::uintmax_t size{};
    std::string sha256;  // lower-case hex; of regular files only, and only where the content was asked for
};

enum class Content : std::uint8_t { hashed, left_alone };
// More than this is not hashed (`malformed`): it would hold up everything else.
inline constexpr std::uintmax_t hashed_bytes_most = 256UL * 1024UL * 1024UL;

// Nothing where the file does not exist. Does not follow a link in the last component and never blocks on a FIFO.
// Without its content a file can be looked at that we may not read.
[[nodiscard]] Result<std::optional<FileFacts>> inspect_file(const std::filesystem::path& file,
                                                            Content content = Content::hashed);

struct FileAttributes {
    mode_t mode{0644};
    std::optional<uid_t> uid;  // nothing: unchanged, or ours for a new file
    std::optional<gid_t> gid;
};

// The three below walk their path folder by folder and refuse (`refused`) a component that is a link, since whoever may
// change the link would choose what we change. Links that belong to the system are followed: owned by root, in a folder
// that is root's and that nobody else may write to (on Debian /bin, /var/run, /etc/alternatives).

// Replaces or makes `file` atomically: written beside it, synced, renamed over it, folder synced; nothing is left
// behind where it fails. The folder must exist; a target that is no regular file is refused. Extended attributes and
// ACLs of the old file are not carried over.
[[nodiscard]] Result<> replace_file(const std::filesystem::path& file, std::string_view content,
                                    const FileAttributes& attributes);
[[nodiscard]] Result<> remove_file(const std::filesystem::path& file);  // a missing file is no error; folder synced
[[nodiscard]] Result<> make_directory(const std::filesystem::path& directory, mode_t mode);  // parents too

[[nodiscard]] Result<uid_t> user_id(std::string_view name_or_number);
[[nodiscard]] Result<gid_t> group_id(std::string_view name_or_number);

}  // namespace agent
