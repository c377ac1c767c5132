#pragma once
// What dpkg's status file says that patching is judged by.
#include <string>
#include <string_view>
#include <vector>

#include "drift/patching/kernels.hpp"

namespace agent {

struct DpkgView {
    std::vector<std::string> on_hold;      // names of the packages that somebody put on hold, sorted
    std::vector<InstalledKernel> kernels;  // unpacked or configured, in the order of the file
    friend bool operator==(const DpkgView&, const DpkgView&) = default;
};

[[nodiscard]] DpkgView parse_dpkg_status(std::string_view status);

}  // namespace agent
