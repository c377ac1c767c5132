#include "store/state_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/folder_owner.hpp"
#include "base/handle.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"
#include "model/limits.hpp"
#include "store/columns.hpp"
#include "store/state_schema.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;

constexpr off_t reserve_bytes = 1024L * 1024L;

// Once, only where a write met damage: it reads the whole file.
Result<> examine(Database& database) {
    AGENT_TRY(auto statement, database.prepare("PRAGMA integrity_check(1)"));
    AGENT_TRY(const auto row, statement.step());
    auto verdict = row ? statement.text(0) : std::string{"no answer"};
    std::ranges::replace(verdict, '\n', ' ');
    if (verdict != "ok") return Error{Errc::corrupt, verdict};
    return ok();
}

Result<bool> has_epoch(Database& database) {
    AGENT_TRY(auto statement, database.prepare("SELECT 1 FROM facts WHERE name = 'epoch'"));
    return statement.step();
}

// Opens the file as far as it can be trusted: `corrupt` where it must be set aside.
Result<Database> open_trusted(const StateFiles& files) {
    if (auto lost = lost_already(files)) return Error{Errc::corrupt, *std::move(lost)};
    AGENT_TRY(auto database, Database::open(files.database, OpenMode::create, state_schema()));
    std::error_code missing;
    if (fs::exists(files.suspect, missing)) {
        AGENT_TRY(in_context(examine(database), "integrity check"));
    }
    AGENT_TRY(has_epoch(database));
    return database;
}

Result<> write_fact(Database& database, std::string_view name, std::string_view value) {
    AGENT_TRY(auto statement, database.prepare("INSERT INTO facts (name, value) VALUES (?1, ?2)"));
    return statement.bind(1, name).bind(2, value).run();
}

// The first words in a new file, all or none: its epoch and, where there was state before, what became of that.
Result<> begin_epoch(Database& database, const std::optional<SetAside>& aside, WallTime now) {
    AGENT_TRY(auto transaction, Transaction::begin(database));
    AGENT_TRY(const bool begun, has_epoch(database));
    if (begun) return ok();
    AGENT_TRY(write_fact(database, "epoch", random_uuid()));
    if (aside) {
        AGENT_TRY(write_fact(database, "set_aside_note", describe(*aside)));
        AGENT_TRY(auto moment, database.prepare("INSERT INTO facts (name, value) VALUES ('orders_not_before', ?1)"));
        AGENT_TRY(moment.bind(1, to_column(now + limits::issued_ahead)).run());
    }
    return transaction.commit();
}

void remove_quietly(const fs::path& file) noexcept {
    std::error_code ignored;
    fs::remove(file, ignored);
}

Result<Database> open_or_set_aside(const StateFiles& files, WallTime now) {
    std::optional<SetAside> aside;
    auto database = open_trusted(files);
    if (database.has_error() && database.error().code() == Errc::corrupt) {
        AGENT_TRY(aside, set_aside(files, database.error().message(), now));
        log_error("the state file is damaged and was set aside",
                  {{"reason", aside->reason}, {"kept_as", aside->kept_as.string()}});
        database = Database::open(files.database, OpenMode::create, state_schema());
    }
    if (database.has_error()) return std::move(database).error();
    AGENT_TRY(const bool begun, has_epoch(database.value()));
    if (!begun) {
        if (!aside && held_state_before(files)) aside = SetAside{{}, "the state file that was here is gone"};
        AGENT_TRY(begin_epoch(database.value(), aside, now));
    }
    remove_quietly(files.suspect);
    return database;
}

Result<> make_state_dir(const fs::path& state_dir) {
    std::error_code failure;
    if (!fs::create_directories(state_dir, failure) && !failure) return ok();
    if (!failure) fs::permissions(state_dir, fs::perms::owner_all, failure);
    if (failure) return Error{Errc::storage, state_dir.string() + ": making the state folder: " + failure.message()};
    return ok();
}

// Allocated for real, so that giving it up makes room.
bool make_reserve(const fs::path& file) noexcept {
    constexpr int how = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    Descriptor reserve{::open(file.c_str(), how | O_CREAT | O_EXCL, 0600)};
    if (reserve.valid() && give_to_owner_of_folder(reserve, file).has_error()) return false;
    if (!reserve.valid()) reserve.reset(::open(file.c_str(), how));
    if (!reserve.valid()) return false;
    if (::posix_fallocate(reserve.get(), 0, reserve_bytes) == 0) return true;
    static_cast<void>(::unlink(file.c_str()));
    return false;
}

}  // namespace

StateStore::StateStore(StateFiles files, Database database)
    : files_{std::move(files)},
      database_{std::move(database)},
      orders_{database_},
      evidence_{database_},
      checks_{database_},
      memory_{database_},
      journal_{database_} {}

Result<std::unique_ptr<StateStore>> StateStore::open(const fs::path& state_dir, OpenMode mode, WallTime now) {
    auto files = state_files(state_dir);
    if (mode != OpenMode::create) {
        AGENT_TRY(auto database, Database::open(files.database, mode, state_schema()));
        AGENT_TRY(const bool begun, has_epoch(database));
        if (!begun) return Error{Errc::not_found, files.database.string() + ": holds nothing yet; start the agent"};
        return std::unique_ptr<StateStore>{new StateStore{std::move(files), std::move(database)}};
    }
    AGENT_TRY(make_state_dir(state_dir));
    AGENT_TRY(auto database, open_or_set_aside(files, now));
    std::unique_ptr<StateStore> store{new StateStore{std::move(files), std::move(database)}};
    store->restore_reserve();
    return store;
}

void StateStore::mark_suspect(std::string_view reason) noexcept {
    const Descriptor mark{::open(files_.suspect.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!mark.valid()) return;
    // The mark is that the file exists; its content is for people, and may be cut by a full disk.
    static_cast<void>(::write(mark.get(), reason.data(), reason.size()) < 0);
    static_cast<void>(::fsync(mark.get()));
    const Descriptor folder{::open(files_.suspect.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.valid()) static_cast<void>(::fsync(folder.get()));
}

bool StateStore::release_reserve() noexcept { return ::unlink(files_.reserve.c_str()) == 0; }

void StateStore::restore_reserve() noexcept { static_cast<void>(make_reserve(files_.reserve)); }

}  // namespace agent
