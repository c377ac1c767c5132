#include "drift/av_edr/signature_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "host/access.hpp"

namespace agent {

bool is_signature_file(std::string_view name) {
    static constexpr std::array<std::string_view, 32> endings{
        ".cvd", ".cld", ".cud", ".db",  ".cdb", ".hdb", ".hdu", ".hsb",  ".hsu", ".mdb", ".mdu",
        ".msb", ".msu", ".ndb", ".ndu", ".ldb", ".ldu", ".idb", ".fp",   ".sfp", ".ign", ".ign2",
        ".pdb", ".gdb", ".wdb", ".cbc", ".ftm", ".crb", ".yar", ".yara", ".imp", ".sdb"};
    return std::ranges::any_of(
        endings, [name](std::string_view ending) { return name.size() > ending.size() && name.ends_with(ending); });
}

Result<SignatureFile> newest_signature_file(const std::filesystem::path& database) {
    std::error_code failed;
    std::optional<SignatureFile> newest;
    std::filesystem::directory_iterator entries{database, failed};
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed)) {
        const auto name = entries->path().filename().native();
        struct stat status {};
        if (!is_signature_file(name)) continue;
        if (::stat(entries->path().c_str(), &status) != 0) {
            if (errno == ENOENT) continue;  // replaced at this very moment
            return file_error(errno, "search", entries->path());
        }
        if (!S_ISREG(status.st_mode)) continue;
        const WallTime changed{std::chrono::seconds{status.st_mtim.tv_sec}};
        if (!newest || changed > newest->changed) newest = SignatureFile{name, changed};
    }
    if (failed) return file_error(failed.value(), "read", database);
    if (!newest) return Error{Errc::not_found, "no signatures in " + database.native() + "; run: freshclam"};
    return *newest;
}

}  // namespace agent
