#pragma once
// What dpkg recorded of a file when it unpacked it: NAME.md5sums below /var/lib/dpkg/info.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "async/time_source.hpp"

namespace agent {

struct PackageChecksum {
    std::string package;  // with ":arch" where dpkg's files are named so
    std::string md5;
};

// The answer of an earlier search: every package has a file of its own and there are hundreds. It holds as long as
// dpkg has not touched its folder.
struct PackageHint {
    std::string file;        // that was searched for
    std::int64_t changed{};  // of dpkg's folder, nanoseconds
    std::string package;     // empty: no package has it
    friend bool operator==(const PackageHint&, const PackageHint&) = default;
};

// The checksum of absolute path `file` in the text of an .md5sums file, or nothing. A path below /usr is also found as
// it was named before /bin, /sbin and /lib became links.
[[nodiscard]] std::optional<std::string> checksum_in(std::string_view md5sums, const std::filesystem::path& file);

// Nothing where no package has `file`; `not_found` where there is no dpkg here. `hint` is renewed.
[[nodiscard]] Task<std::optional<PackageChecksum>> find_package_checksum(std::filesystem::path info,
                                                                         std::filesystem::path file, PackageHint& hint);

}  // namespace agent
