#pragma once
// Digests of a file of any size, without holding up others meanwhile.
#include <filesystem>
#include <string>

#include "async/time_source.hpp"

namespace agent {

struct FileDigests {
    std::string sha256;  // lower-case hex
    std::string md5;     // the same; of no use but to compare with dpkg's own record
};

// Follows links. `not_found`, `system` (the message names the missing right on EACCES), `malformed` (no regular file,
// or more than hashed_bytes_most), `refused` (no MD5 here), `cancelled`.
[[nodiscard]] Task<FileDigests> digest_file(std::filesystem::path file);

}  // namespace agent
