#pragma once
// Whether Debian waits for a reboot: somebody asked for one, or a newer kernel than the running one is installed.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "drift/patching/due.hpp"
#include "drift/patching/kernels.hpp"

namespace agent {

struct RebootHost {
    std::filesystem::path request{"/run/reboot-required"};  // Debian Policy 9.12; the packages beside it in ".pkgs"
    std::filesystem::path boot{"/boot"};
    std::filesystem::path dpkg_info{"/var/lib/dpkg/info"};
    std::filesystem::path version{"/proc/version"};
};

struct RebootRequest {
    WallTime since;
    std::vector<std::string> packages;  // sorted, each once
};

// An installed kernel, and since when it lies there.
struct KernelFound {
    InstalledKernel kernel;
    std::optional<WallTime> since;
};

struct RebootView {
    Result<std::optional<RebootRequest>> request;
    Result<RunningKernel> running;
    Result<std::vector<KernelFound>> of_flavour;  // installed, of the running one's flavour
    Result<std::vector<KernelFound>> newer;       // of those, newest first
};

// `kernels` are dpkg's; those that lie in /boot without a package are found as well.
[[nodiscard]] RebootView look_at_reboot(const RebootHost& host, const Result<std::vector<InstalledKernel>>& kernels);

inline constexpr std::string_view request_due{"reboot_required"};
inline constexpr std::string_view kernel_due{"kernel"};
// What of it is due, by those names.
[[nodiscard]] DuesSeen dues_of(const RebootView& view, WallTime booted);

// One line a package.
[[nodiscard]] std::vector<std::string> parse_package_lines(std::string_view text);

}  // namespace agent
