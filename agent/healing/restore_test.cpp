#include "healing/restore_test.hpp"

#include <algorithm>

#include "healing/fixed_paths.hpp"
#include "healing/kept_output.hpp"

namespace agent {
namespace {

constexpr std::size_t files_list_most = 16UL * 1024UL * 1024UL;
constexpr std::uint64_t mebibyte = 1024UL * 1024UL;
constexpr std::uint64_t room_left_least = 64 * mebibyte;
constexpr std::size_t wrong_told_most = 5;

// Of a failure that says that nobody could look, rather than what was seen.
bool keeps_from_looking(const Error& error) {
    return error.code() == Errc::timed_out || error.code() == Errc::cancelled || error.code() == Errc::unreachable ||
           error.code() == Errc::refused;
}

std::string join_wrong(const std::vector<std::string>& wrong) {
    std::string text;
    for (std::size_t i = 0; i < std::min(wrong.size(), wrong_told_most); ++i)
        text += (text.empty() ? "" : "; ") + wrong[i];
    if (wrong.size() > wrong_told_most)
        text += "; and " + std::to_string(wrong.size() - wrong_told_most) + " files more";
    return text;
}

struct FileList {
    std::vector<BackedUpFile> files;
    bool is_complete{};
};

Task<FileList> ask_files(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule, Command command) {
    const auto& work = work_of(*place.tool());
    command.deadline = rule.timeout;
    command.head_limit = files_list_most;
    auto ended = co_await place.run(tools, std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(ended));
    if (exit.status != 0 && exit.status != work.warning)
        co_return explain_failure(*place.tool(), exit.status, exit.standard_error.head);
    FileList list;
    AGENT_CO_TRY(list.files, work.parse_files(exit.standard_output.head));
    list.is_complete = exit.standard_output.tail.empty();
    co_return list;
}

// Fills `files`, or says what is missing in the backup.
Task<> choose(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule, RestoreResult& result) {
    auto command = work_of(*place.tool()).files(place.declared(), result.backup, rule.paths);
    auto asked = co_await ask_files(tools, place, rule, std::move(command));
    if (asked.has_error() && asked.error().code() == Errc::corrupt) {
        result.failure = asked.error().message();
        co_return ok();
    }
    AGENT_CO_TRY(auto list, std::move(asked));
    auto& files = list.files;
    result.list_complete = list.is_complete;
    const auto most = rule.mebibytes * mebibyte;
    if (rule.paths.empty()) {
        result.files = choose_sample(std::move(files), rule.sample, most);
        if (result.files.empty())
            co_return Error{Errc::refused, "the last backup holds no file of at most " +
                                               std::to_string(rule.mebibytes) + " MiB; raise `max_mib`"};
        co_return ok();
    }
    for (const auto& path : rule.paths)
        if (std::none_of(files.begin(), files.end(), [&path](const BackedUpFile& file) {
                return std::mismatch(path.begin(), path.end(), file.path.begin(), file.path.end()).first == path.end();
            }))
            result.failure = "no file with content at or below " + path.native() + " is in the last backup";
    if (bytes_of(files) > most || !list.is_complete)
        co_return Error{Errc::refused, "`paths` hold more than " + std::to_string(rule.mebibytes) +
                                           " MiB; name less, or raise `max_mib`"};
    result.files = std::move(files);
    co_return ok();
}

Result<> check_room(const std::filesystem::path& scratch, std::uint64_t bytes) {
    std::error_code failed;
    const auto room = std::filesystem::space(scratch, failed);
    if (failed) return Error{Errc::system, "the scratch folder " + scratch.native() + ": " + failed.message()};
    if (room.available >= bytes + room_left_least) return ok();
    return Error{Errc::disk_full, "too little room in " + scratch.native() + ": " +
                                      std::to_string(room.available / mebibyte) + " MiB are free, " +
                                      std::to_string((bytes + room_left_least) / mebibyte) +
                                      " MiB are needed; make room, or name another `scratch`"};
}

Task<> restore(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule,
               const std::filesystem::path& folder, RestoreResult& result) {
    const auto& work = work_of(*place.tool());
    auto command = work.restore(place.declared(), result.backup, result.files, folder);
    command.deadline = rule.timeout;
    result.taken.command = argv_of(command);
    auto ended = co_await place.run(tools, std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(ended));
    result.taken.exit_code = exit.status;
    keep_output(exit, result.taken);
    if (exit.status == 0 || exit.status == work.warning) co_return ok();
    auto error = explain_failure(*place.tool(), exit.status, exit.standard_error.head);
    if (keeps_from_looking(error)) co_return error;
    result.failure = error.message();
    co_return ok();
}

Task<std::vector<BackedUpFile>> digests_of(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule,
                                           const RestoreResult& result) {
    const auto& work = work_of(*place.tool());
    if (work.digests == nullptr) co_return std::vector<BackedUpFile>{};
    auto command = work.digests(place.declared(), result.backup, result.files);
    auto digests = co_await ask_files(tools, place, rule, std::move(command));
    AGENT_CO_TRY(auto list, std::move(digests));
    co_return std::move(list.files);
}

Task<> restore_and_compare(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule,
                           const std::filesystem::path& folder, RestoreResult& result) {
    AGENT_CO_TRY(check_room(rule.scratch, bytes_of(result.files)));
    // One that cannot be removed in the end is seen by whoever asked for it.
    AGENT_CO_TRY(const auto scratch, ScratchFolder::make(folder));
    auto restored = co_await restore(tools, place, rule, scratch.path(), result);
    AGENT_CO_TRY(std::move(restored));
    if (!result.failure.empty()) co_return ok();
    auto asked = co_await digests_of(tools, place, rule, result);
    AGENT_CO_TRY(const auto digests, std::move(asked));
    result.restored = compare_restored(result.files, digests, scratch.path());
    // Restic has compared all it restored by itself.
    if (digests.empty()) result.restored.compared_with_backup = static_cast<std::int64_t>(result.files.size());
    if (!result.restored.wrong.empty()) result.failure = join_wrong(result.restored.wrong);
    co_return ok();
}

}  // namespace

Task<RestoreResult> test_restore(const ActionTools& tools, const BackupPlace& place, const RestoreRule& rule,
                                 const std::filesystem::path& scratch) {
    RestoreResult result;
    auto looked = co_await place.look(tools);
    AGENT_CO_TRY(auto points, std::move(looked));
    if (points.empty()) co_return Error{Errc::not_found, "no backup of this host is in " + place.location()};
    result.backup = std::move(points.back());
    auto chosen = co_await choose(tools, place, rule, result);
    AGENT_CO_TRY(std::move(chosen));
    if (result.failure.empty()) {
        auto compared = co_await restore_and_compare(tools, place, rule, scratch, result);
        AGENT_CO_TRY(std::move(compared));
    }
    if (!result.failure.empty())
        result.failure =
            "the restore test of the backup of " + format_rfc3339(result.backup.time) + " failed: " + result.failure;
    co_return result;
}

}  // namespace agent
