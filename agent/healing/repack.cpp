// The file of an installed package, made by dpkg-repack where no archive has it any more.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/handle.hpp"
#include "crypto/random.hpp"
#include "healing/apt.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr mode_t only_ours = 0700;

// A folder beside the file that is to be: from there it can be renamed into its place.
class Workshop {
public:
    [[nodiscard]] static Result<Workshop> make(const std::filesystem::path& below) {
        auto path = below / ("repack-" + random_hex(16));
        AGENT_TRY(make_directory(path, only_ours));
        return Workshop{std::move(path)};
    }
    Workshop(Workshop&& other) noexcept : path_{std::exchange(other.path_, {})} {}
    Workshop& operator=(Workshop&&) = delete;
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;
    ~Workshop() {
        std::error_code left;
        if (!path_.empty()) std::filesystem::remove_all(path_, left);
    }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    explicit Workshop(std::filesystem::path path) : path_{std::move(path)} {}
    std::filesystem::path path_;
};

Result<> sync(const std::filesystem::path& path) {
    const Descriptor opened{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!opened.valid() || ::fsync(opened.get()) != 0) return system_error(errno, "writing " + path.string());
    return ok();
}

// dpkg-deb names it, without the epoch of the version.
Result<std::filesystem::path> made_in(const std::filesystem::path& folder) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator{folder, failed})
        if (entry.path().extension() == ".deb") return entry.path();
    return Error{Errc::not_found, "dpkg-repack was content, but made no file"};
}

}  // namespace

bool Apt::can_repack() const { return ::access(host_.dpkg_repack.c_str(), X_OK) == 0; }

Task<> Apt::repack(std::string package, std::filesystem::path file) {
    AGENT_CO_TRY(const auto workshop, Workshop::make(file.parent_path()));
    // It writes to the folder that it runs in.
    std::vector<std::string> arguments{"--chdir=" + workshop.path().string(), host_.dpkg_repack.string(), package};
    auto made = co_await ask("/usr/bin/env", std::move(arguments));
    if (made.has_error()) co_return std::move(made).error().in_context("making " + file.filename().string() + " anew");
    AGENT_CO_TRY(const auto found, made_in(workshop.path()));
    AGENT_CO_TRY(sync(found));
    std::error_code failed;
    std::filesystem::rename(found, file, failed);
    if (failed) co_return system_error(failed.value(), "writing " + file.string());
    co_return sync(file.parent_path());
}

}  // namespace agent
