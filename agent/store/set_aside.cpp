#include "store/set_aside.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/handle.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;

std::uintmax_t size_of(const fs::path& file) {
    std::error_code missing;
    const auto size = fs::file_size(file, missing);
    return missing ? 0 : size;
}

bool is_there(const fs::path& file) {
    std::error_code failure;
    return fs::exists(fs::symlink_status(file, failure));
}

fs::path with(const fs::path& file, std::string_view suffix) { return fs::path{file} += suffix; }

// A name that says when, and that no earlier set-aside has taken.
fs::path free_name(const fs::path& database, WallTime now) {
    const auto name = with(database, ".corrupt-" + format_rfc3339(now));
    auto free = name;
    for (int n = 2; is_there(free) || is_there(with(free, "-wal")); ++n) free = with(name, "." + std::to_string(n));
    return free;
}

Result<> rename_file(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return ok();
    return Error{Errc::storage, system_error(errno, from.string() + ": setting it aside").message()};
}

}  // namespace

StateFiles state_files(const fs::path& state_dir) {
    return StateFiles{state_dir / "state.db", state_dir / "state.db.suspect", state_dir / "reserve"};
}

std::optional<std::string> lost_already(const StateFiles& files) {
    if (size_of(files.database) > 0 || size_of(with(files.database, "-wal")) == 0) return std::nullopt;
    return std::string{is_there(files.database) ? "the state file is empty" : "the state file is gone"} +
           ", but its write-ahead log is not";
}

bool held_state_before(const StateFiles& files) {
    if (is_there(files.reserve) || is_there(files.suspect)) return true;
    std::error_code failure;
    const auto prefix = files.database.filename().string() + ".corrupt-";
    for (fs::directory_iterator entry{files.database.parent_path(), failure}, end; !failure && entry != end;
         entry.increment(failure))
        if (entry->path().filename().string().starts_with(prefix)) return true;
    return false;
}

Result<SetAside> set_aside(const StateFiles& files, std::string reason, WallTime now) {
    const auto kept_as = free_name(files.database, now);
    // The main file first: without it a log that stayed behind is noticed at the next start; the other way round an
    // older state would be taken for the present one.
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        AGENT_TRY(rename_file(with(files.database, suffix), with(kept_as, suffix)));
    }
    const Descriptor folder{::open(files.database.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder.valid() || ::fsync(folder.get()) != 0)
        return Error{Errc::storage, system_error(errno, files.database.parent_path().string()).message()};
    return SetAside{kept_as, std::move(reason)};
}

std::string describe(const SetAside& aside) {
    auto text = "the state file could not be trusted (" + aside.reason + "); ";
    text += aside.kept_as.empty() ? "nothing of it was left" : "it is kept as " + aside.kept_as.string();
    return text + "; a new chain epoch begins, and orders issued before now are refused";
}

}  // namespace agent
