#pragma once
// Where apt and dpkg are.
#include <filesystem>
#include <vector>

namespace agent {

struct AptHost {
    std::filesystem::path apt_get{"/usr/bin/apt-get"};
    std::filesystem::path apt_mark{"/usr/bin/apt-mark"};
    std::filesystem::path dpkg{"/usr/bin/dpkg"};
    std::filesystem::path dpkg_query{"/usr/bin/dpkg-query"};
    std::filesystem::path dpkg_repack{"/usr/bin/dpkg-repack"};  // of a package of its own, which may be missing
    std::filesystem::path archives{"/var/cache/apt/archives"};  // the packages' files that apt fetched
    std::filesystem::path lists{"/var/lib/apt/lists"};
    std::filesystem::path dpkg_status{"/var/lib/dpkg/status"};
    // What else decides apt's answer: its configuration, sources, preferences and keys; which packages nobody asked
    // for; the foreign architectures.
    std::vector<std::filesystem::path> settings{"/etc/apt", "/var/lib/apt/extended_states", "/var/lib/dpkg/arch"};
};

}  // namespace agent
