#include "drift/patching/reboot_view.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t text_most = 64UL * 1024UL;

// Nothing where the file is not there.
Result<std::optional<WallTime>> changed(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0) return std::optional{WallTime{std::chrono::seconds{status.st_mtim.tv_sec}}};
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<WallTime>{};
    return file_error(errno, "search", file);
}

std::optional<WallTime> known_change(const std::filesystem::path& file) {
    const auto when = changed(file);
    return when.has_value() ? when.value() : std::nullopt;
}

Result<std::optional<RebootRequest>> look_at_request(const std::filesystem::path& file) {
    AGENT_TRY(const auto since, changed(file));
    if (!since) return std::optional<RebootRequest>{};
    RebootRequest request{*since, {}};
    const auto text = read_file(file.native() + ".pkgs", text_most);
    if (text.has_value()) request.packages = parse_package_lines(text.value());
    if (text.has_error() && text.error().code() != Errc::not_found) return text.error();
    return std::optional{std::move(request)};
}

// "vmlinuz-6.1.0-42-amd64"; not what an installation set aside ("….old", "….dpkg-new").
std::optional<std::string> release_of_file(const std::string& name) {
    constexpr std::string_view start{"vmlinuz-"};
    if (!name.starts_with(start) || name.ends_with(".old") || name.find(".dpkg-") != std::string::npos)
        return std::nullopt;
    return name.substr(start.size());
}

// A host may have no /boot of its own; what dpkg knows is known without it.
std::vector<std::string> releases_in(const std::filesystem::path& boot) {
    std::vector<std::string> releases;
    std::error_code failed;
    std::filesystem::directory_iterator entries{boot, failed};
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed))
        if (auto release = release_of_file(entries->path().filename().native())) releases.push_back(*release);
    std::sort(releases.begin(), releases.end());
    return releases;
}

std::vector<InstalledKernel> with_those_in(const std::filesystem::path& boot, std::vector<InstalledKernel> kernels) {
    for (auto& release : releases_in(boot)) {
        const auto is_it = [&release](const InstalledKernel& kernel) { return kernel.release == release; };
        if (std::none_of(kernels.begin(), kernels.end(), is_it)) kernels.push_back({std::move(release), {}, {}});
    }
    return kernels;
}

// dpkg writes a package's list of files when it unpacks it; the kernel's own file has the time it was built.
std::vector<KernelFound> with_times(const RebootHost& host, const std::vector<InstalledKernel>& kernels) {
    std::vector<KernelFound> found;
    for (const auto& kernel : kernels) {
        const auto file = kernel.package.empty() ? host.boot / ("vmlinuz-" + kernel.release)
                                                 : host.dpkg_info / (kernel.package + ".list");
        found.push_back({kernel, known_change(file)});
    }
    return found;
}

}  // namespace

std::vector<std::string> parse_package_lines(std::string_view text) {
    std::vector<std::string> packages;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.empty()) packages.emplace_back(line);
    }
    std::sort(packages.begin(), packages.end());
    packages.erase(std::unique(packages.begin(), packages.end()), packages.end());
    return packages;
}

RebootView look_at_reboot(const RebootHost& host, const Result<std::vector<InstalledKernel>>& kernels) {
    RebootView view{look_at_request(host.request), Error{Errc::not_found, "not looked at"}, std::vector<KernelFound>{},
                    std::vector<KernelFound>{}};
    const auto text = read_file(host.version, text_most);
    view.running = text.has_value() ? parse_proc_version(text.value()) : Result<RunningKernel>{text.error()};
    const auto* unknown = view.running.has_error() ? &view.running.error() : nullptr;
    if (kernels.has_error()) unknown = &kernels.error();
    if (unknown != nullptr) {
        view.of_flavour = *unknown;
        view.newer = *unknown;
        return view;
    }
    const auto& running = view.running.value();
    auto same = of_flavour(with_those_in(host.boot, kernels.value()), running.release);
    view.of_flavour = with_times(host, same);
    view.newer = with_times(host, newer_than(running, std::move(same)));
    return view;
}

DuesSeen dues_of(const RebootView& view, WallTime booted) {
    DuesSeen seen;
    if (view.request.has_value() && view.request.value())
        seen.emplace(request_due, DueSeen{view.request.value()->since, booted});
    if (view.newer.has_error() || view.newer.value().empty()) return seen;
    // Due since the first of them came. It may have been there before the boot that chose an older one.
    auto since = WallTime::max();
    for (const auto& kernel : view.newer.value()) since = std::min(since, kernel.since.value_or(booted));
    seen.emplace(kernel_due, DueSeen{since, WallTime{}});
    return seen;
}

}  // namespace agent
