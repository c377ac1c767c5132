#include "store/state_store.hpp"
#include "model/limits.hpp"

#include <fstream>

#include "state_fixture.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::noon;
using testing::open_state;

class StateStoreTest : public testing::StateTest {
protected:
    fs::path file{folder.path() / "state.db"};

    std::vector<std::string> kept_files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator{folder.path()})
            if (entry.path().filename().string().starts_with("state.db.corrupt-"))
                names.push_back(entry.path().filename().string());
        std::ranges::sort(names);
        return names;
    }
    void expect_new_epoch(const std::string& old_epoch, std::string_view reason) {
        const auto head = store->evidence().head().value();
        EXPECT_NE(head.epoch, old_epoch);
        EXPECT_EQ(head.sequence, 0);
        const auto note = store->memory().set_aside_note().value();
        ASSERT_TRUE(note);
        EXPECT_THAT(*note, HasSubstr(std::string{reason}));
        EXPECT_EQ(store->memory().orders_not_before().value(), noon + limits::issued_ahead);
    }
    std::string close_with(int bundles) {
        for (int i = 0; i < bundles; ++i) append();
        auto epoch = store->evidence().head().value().epoch;
        store.reset();
        return epoch;
    }
    void overwrite(std::streamoff at, std::string_view bytes) const {
        std::fstream damaged{file, std::ios::binary | std::ios::in | std::ios::out};
        damaged.seekp(at);
        damaged << bytes;
    }
};

TEST_F(StateStoreTest, AGarbageHeaderIsSetAsideAndANewEpochBegins) {
    const auto epoch = close_with(3);
    overwrite(0, std::string(100, 'x'));
    store = open_state(folder.path());
    expect_new_epoch(epoch, "not a database");
    ASSERT_EQ(kept_files().size(), 1U);
    EXPECT_EQ(kept_files()[0], "state.db.corrupt-2023-11-14T22:13:20.000Z");
    append();
    EXPECT_EQ(store->evidence().head().value().sequence, 1);
}

TEST_F(StateStoreTest, ATruncatedFileIsSetAside) {
    const auto epoch = close_with(50);
    fs::resize_file(file, fs::file_size(file) / 2 / 4096 * 4096);
    store = open_state(folder.path());
    expect_new_epoch(epoch, "malformed");
    EXPECT_EQ(kept_files().size(), 1U);
}

TEST_F(StateStoreTest, SomebodyElsesFileIsSetAside) {
    const auto epoch = close_with(0);
    fs::remove(file);
    {
        ASSERT_TRUE(
            Database::open(file, OpenMode::create, {.application_id = 7, .migrations = {"SELECT 1"}}).has_value());
    }
    store = open_state(folder.path());
    expect_new_epoch(epoch, "another program");
}

TEST_F(StateStoreTest, AnEmptyFileBesideALogIsSetAsideWithTheLog) {
    append();
    const auto epoch = store->evidence().head().value().epoch;
    fs::copy_file(file.string() + "-wal", folder.path() / "saved");
    store.reset();
    fs::resize_file(file, 0);
    fs::copy_file(folder.path() / "saved", file.string() + "-wal");
    store = open_state(folder.path());
    expect_new_epoch(epoch, "is empty");
    EXPECT_EQ(kept_files().size(), 2U);
}

TEST_F(StateStoreTest, AStateFileThatIsGoneIsNotTakenForANewHost) {
    const auto epoch = close_with(1);
    fs::remove(file);
    store = open_state(folder.path());
    expect_new_epoch(epoch, "is gone");
}

TEST_F(StateStoreTest, AnEmptyFileInAnEmptyFolderIsFresh) {
    testing::TemporaryDirectory fresh;
    fresh.write("state.db", "");
    auto made = open_state(fresh.path());
    EXPECT_FALSE(made->memory().set_aside_note().value());
    EXPECT_FALSE(made->memory().orders_not_before().value());
}

TEST_F(StateStoreTest, ASuspectFileThatIsSoundIsKept) {
    append();
    const auto epoch = store->evidence().head().value().epoch;
    store->mark_suspect("a step met damage");
    ASSERT_TRUE(fs::exists(folder.path() / "state.db.suspect"));
    reopen();
    EXPECT_EQ(store->evidence().head().value().epoch, epoch);
    EXPECT_FALSE(fs::exists(folder.path() / "state.db.suspect"));
}

TEST_F(StateStoreTest, DamageInTheMiddleIsFoundOnceTheFileIsSuspect) {
    const auto epoch = close_with(150);
    // The last third of the pages: rows and indexes, not the schema.
    const auto size = static_cast<std::streamoff>(fs::file_size(file));
    for (std::streamoff page = size * 2 / 3 / 4096; page < size / 4096; ++page)
        overwrite(page * 4096, std::string(64, 'x'));
    {
        auto damaged = StateStore::open(folder.path(), OpenMode::create, noon);
        ASSERT_TRUE(damaged.has_value());
        ASSERT_TRUE(kept_files().empty()) << "opening reads no rows";
        damaged.value()->mark_suspect("test");
    }
    store = open_state(folder.path());
    expect_new_epoch(epoch, "integrity check");
    EXPECT_EQ(kept_files().size(), 1U);
}

TEST_F(StateStoreTest, TwoSetAsidesInOneMomentKeepBothFiles) {
    for (int i = 0; i < 2; ++i) {
        close_with(1);
        overwrite(0, std::string(100, 'x'));
        store = open_state(folder.path());
    }
    EXPECT_EQ(kept_files().size(), 2U);
}

TEST_F(StateStoreTest, ReadersNeverSetAside) {
    close_with(1);
    overwrite(0, std::string(100, 'x'));
    for (const auto mode : {OpenMode::existing, OpenMode::read_only})
        EXPECT_EQ(StateStore::open(folder.path(), mode, noon).error().code(), Errc::corrupt);
    EXPECT_TRUE(kept_files().empty());
}

TEST_F(StateStoreTest, AReaderWorksBesideTheWriter) {
    append();
    auto reader = open_state(folder.path(), OpenMode::read_only);
    append();
    EXPECT_EQ(reader->evidence().head().value().sequence, 2);
    EXPECT_TRUE(testing::append_bundle(*reader).has_error());
}

TEST_F(StateStoreTest, NothingThereIsNotFound) {
    testing::TemporaryDirectory empty;
    EXPECT_EQ(StateStore::open(empty.path(), OpenMode::read_only, noon).error().code(), Errc::not_found);
    EXPECT_EQ(StateStore::open(empty.path() / "missing", OpenMode::existing, noon).error().code(), Errc::not_found);
}

TEST_F(StateStoreTest, TheReserveIsRealAndComesBack) {
    const auto reserve = folder.path() / "reserve";
    EXPECT_EQ(fs::file_size(reserve), 1024U * 1024U);
    EXPECT_TRUE(store->release_reserve());
    EXPECT_FALSE(fs::exists(reserve));
    EXPECT_FALSE(store->release_reserve());
    store->restore_reserve();
    EXPECT_EQ(fs::file_size(reserve), 1024U * 1024U);
}

}  // namespace
}  // namespace agent
