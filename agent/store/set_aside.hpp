#pragma once
// What becomes of a state file that cannot be trusted: it is kept under another name, never opened again and never
// lost.
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

// What happened to the file before this one. Written into the first bundle of the new epoch.
struct SetAside {
    std::filesystem::path kept_as;  // state.db.corrupt-<time>; empty where nothing was left to keep
    std::string reason;
};

struct StateFiles {
    std::filesystem::path database;  // with -wal and -shm beside it
    std::filesystem::path suspect;   // the mark that the file must be examined before it is trusted
    std::filesystem::path reserve;   // room given up when the disk is full; also tells that there was state here
};
[[nodiscard]] StateFiles state_files(const std::filesystem::path& state_dir);

// Seen without opening anything: why `state.db` has lost what it held (gone or empty with a write-ahead log beside it).
// Nothing where it may be opened, which includes a folder without any state.
[[nodiscard]] std::optional<std::string> lost_already(const StateFiles& files);

// True if the folder shows that a state file was here before: asked where the file at hand has no epoch yet.
[[nodiscard]] bool held_state_before(const StateFiles& files);

// Renames state.db, then -wal and -shm, and syncs the folder. The database must not be open.
[[nodiscard]] Result<SetAside> set_aside(const StateFiles& files, std::string reason, WallTime now);

// One sentence for people and evidence.
[[nodiscard]] std::string describe(const SetAside& aside);

}  // namespace agent
