#include "drift/patching/kernels.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/custom/debian_version.hpp"

namespace agent {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "rc7": belongs to the version and not to the flavour.
bool is_candidate(std::string_view part) { return part.size() > 2 && part.starts_with("rc") && is_digit(part[2]); }

// Where the flavour begins; the length of `release` where there is none.
std::size_t flavour_at(std::string_view release) {
    for (auto dash = release.find('-'); dash != std::string_view::npos; dash = release.find('-', dash + 1)) {
        const auto part = release.substr(dash + 1);
        if (!part.empty() && is_letter(part.front()) && !is_candidate(part)) return dash + 1;
    }
    return release.size();
}

// Without the flavour and the dash before it.
std::string_view number_of(std::string_view release) {
    const auto at = flavour_at(release);
    return at == release.size() ? release : release.substr(0, at - 1);
}

std::strong_ordering compare(std::string_view release, std::string_view version, const InstalledKernel& other) {
    if (!version.empty() && !other.version.empty()) return compare_debian_versions(version, other.version);
    return compare_debian_versions(number_of(release), number_of(other.release));
}

}  // namespace

Result<RunningKernel> parse_proc_version(std::string_view text) {
    constexpr std::string_view start{"Linux version "};
    constexpr std::string_view maker{" Debian "};
    if (!text.starts_with(start)) return Error{Errc::malformed, "not the version of a kernel: " + quoted(text, 80)};
    const auto rest = text.substr(start.size());
    RunningKernel running;
    running.release = rest.substr(0, rest.find_first_of(" \n"));
    if (running.release.empty()) return Error{Errc::malformed, "a kernel without a release: " + quoted(text, 80)};
    const auto at = rest.rfind(maker);
    if (at == std::string_view::npos) return running;
    const auto version = rest.substr(at + maker.size());
    const auto word = version.substr(0, version.find_first_of(" \n"));
    if (check_debian_version(word).has_value()) running.version = word;
    return running;
}

std::string_view flavour_of(std::string_view release) { return release.substr(flavour_at(release)); }

std::optional<std::string_view> kernel_release_of(std::string_view package) {
    constexpr std::string_view start{"linux-image-"};
    constexpr std::string_view unsigned_mark{"-unsigned"};
    if (!package.starts_with(start) || package.ends_with("-dbg")) return std::nullopt;
    auto release = package.substr(start.size());
    if (release.empty() || !is_digit(release.front())) return std::nullopt;
    if (release.ends_with(unsigned_mark)) release.remove_suffix(unsigned_mark.size());
    return release;
}

std::vector<InstalledKernel> of_flavour(std::vector<InstalledKernel> kernels, std::string_view release) {
    const auto flavour = flavour_of(release);
    std::erase_if(kernels, [flavour](const InstalledKernel& kernel) { return flavour_of(kernel.release) != flavour; });
    return kernels;
}

std::vector<InstalledKernel> newer_than(const RunningKernel& running, std::vector<InstalledKernel> kernels) {
    std::erase_if(kernels, [&running](const InstalledKernel& kernel) {
        return compare(running.release, running.version, kernel) >= 0;
    });
    std::stable_sort(kernels.begin(), kernels.end(), [](const InstalledKernel& a, const InstalledKernel& b) {
        return compare_debian_versions(number_of(a.release), number_of(b.release)) > 0;
    });
    return kernels;
}

}  // namespace agent
