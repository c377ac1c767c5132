#pragma once
// Kernels by their names and versions: which one runs, and which installed one of its flavour is newer.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct InstalledKernel {
    std::string release;  // as uname -r would tell it: "6.1.0-42-amd64"
    std::string package;  // dpkg's; empty: no package brought it
    std::string version;  // the package's, "6.1.159-1"; empty likewise
    friend bool operator==(const InstalledKernel&, const InstalledKernel&) = default;
};

struct RunningKernel {
    std::string release;
    std::string version;  // of the package it was built as; empty where it does not tell
};

// /proc/version: "Linux version RELEASE (…) … Debian VERSION (DATE)".
[[nodiscard]] Result<RunningKernel> parse_proc_version(std::string_view text);

// "amd64" of "6.1.0-42-amd64", "cloud-amd64" of "6.12.43+deb13-cloud-amd64"; empty where there is none.
[[nodiscard]] std::string_view flavour_of(std::string_view release);

// Of a package that holds a kernel, "linux-image-6.1.0-42-amd64", the release. Meta-packages, which have no version
// number in their names, and debugging symbols are none.
[[nodiscard]] std::optional<std::string_view> kernel_release_of(std::string_view package);

// Those of the running one's flavour.
[[nodiscard]] std::vector<InstalledKernel> of_flavour(std::vector<InstalledKernel> kernels, std::string_view release);

// Those of `kernels` that are newer than the running one, newest first. By the versions of the packages, as dpkg orders
// them: a package may be replaced by a newer one under the same release. By the releases where one has no version.
[[nodiscard]] std::vector<InstalledKernel> newer_than(const RunningKernel& running,
                                                      std::vector<InstalledKernel> kernels);

}  // namespace agent
