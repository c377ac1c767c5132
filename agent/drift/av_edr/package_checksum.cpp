#include "drift/av_edr/package_checksum.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <vector>

#include "base/handle.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

constexpr std::size_t piece_bytes = 32UL * 1024UL;
constexpr std::size_t line_most = 16UL * 1024UL;
constexpr std::size_t md5_digits = 32;
constexpr std::size_t files_a_turn = 32;
constexpr std::string_view suffix{".md5sums"};

// Each line: 32 digits, two spaces, the path without its first slash.
std::optional<std::string> find_line(std::string_view md5sums, std::string_view relative) {
    const auto wanted = "  " + std::string{relative} + '\n';
    for (auto at = md5sums.find(wanted); at != std::string_view::npos; at = md5sums.find(wanted, at + 1)) {
        const bool whole = at == md5_digits || (at > md5_digits && md5sums[at - md5_digits - 1] == '\n');
        if (whole) return std::string{md5sums.substr(at - md5_digits, md5_digits)};
    }
    return std::nullopt;
}

Result<std::int64_t> changed_at(const std::filesystem::path& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return file_error(errno, "search", folder);
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

Result<std::vector<std::filesystem::path>> md5sums_files(const std::filesystem::path& folder) {
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entries{folder, failed};
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed))
        if (entries->path().native().ends_with(suffix)) files.push_back(entries->path());
    if (failed) return file_error(failed.value(), "read", folder);
    return files;
}

Result<std::optional<PackageChecksum>> look_into(const std::filesystem::path& md5sums,
                                                 const std::filesystem::path& file) {
    const Descriptor opened{::open(md5sums.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!opened.valid()) return file_error(errno, "read", md5sums);
    // A piece at a time: some packages list megabytes.
    std::vector<char> piece(piece_bytes);
    std::string lines;
    for (;;) {
        const auto count = ::read(opened.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return file_error(errno, "read", md5sums);
        if (count == 0) return std::optional<PackageChecksum>{};
        lines.append(piece.data(), static_cast<std::size_t>(count));
        const auto end = lines.rfind('\n') + 1;  // 0 where no line is whole yet
        auto checksum = checksum_in(std::string_view{lines}.substr(0, end), file);
        if (checksum) return std::optional{PackageChecksum{md5sums.stem().native(), std::move(*checksum)}};
        lines.erase(0, end);
        if (lines.size() > line_most)
            return Error{Errc::malformed,
                         md5sums.native() + " has a line of more than 16 KiB: it is no list of checksums"};
    }
}

Task<std::optional<PackageChecksum>> search_all(std::filesystem::path info, std::filesystem::path file) {
    AGENT_CO_TRY(const auto files, md5sums_files(info));
    for (std::size_t i = 0; i < files.size(); ++i) {
        AGENT_CO_TRY(auto found, look_into(files[i], file));
        if (found) co_return found;
        if (i % files_a_turn != files_a_turn - 1) continue;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return Error{Errc::cancelled, "stopped while searching " + info.native()};
        co_await asio::post(asio::use_awaitable);
    }
    co_return std::optional<PackageChecksum>{};
}

}  // namespace

std::optional<std::string> checksum_in(std::string_view md5sums, const std::filesystem::path& file) {
    constexpr std::string_view usr{"usr/"};
    std::string_view relative{file.native()};
    relative.remove_prefix(std::min<std::size_t>(relative.size(), 1));
    if (auto found = find_line(md5sums, relative)) return found;
    if (relative.starts_with(usr)) return find_line(md5sums, relative.substr(usr.size()));
    return std::nullopt;
}

Task<std::optional<PackageChecksum>> find_package_checksum(std::filesystem::path info, std::filesystem::path file,
                                                           PackageHint& hint) {
    AGENT_CO_TRY(const auto changed, changed_at(info));
    if (hint.file == file.native() && hint.changed == changed) {
        if (hint.package.empty()) co_return std::optional<PackageChecksum>{};
        co_return look_into(info / (hint.package + std::string{suffix}), file);
    }
    auto found = co_await search_all(std::move(info), file);
    if (found.has_error()) co_return std::move(found).error();
    hint = PackageHint{file.native(), changed, found.value() ? found.value()->package : std::string{}};
    co_return std::move(found).value();
}

}  // namespace agent
