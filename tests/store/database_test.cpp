#include "store/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

const DatabaseSettings one_table{
    .application_id = 0x1234, .migrations = {"CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT"}};

mode_t mode_of(const std::filesystem::path& file) {
    struct stat facts {};
    return ::stat(file.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

class DatabaseTest : public ::testing::Test {
protected:
    Database open(OpenMode mode = OpenMode::create, const DatabaseSettings& settings = one_table) {
        auto opened = Database::open(file, mode, settings);
        if (opened.has_error()) throw std::runtime_error{opened.error().message()};
        return std::move(opened).value();
    }
    static std::int64_t count(Database& database) {
        auto statement = database.prepare("SELECT count(*) FROM words");
        EXPECT_TRUE(statement.value().step().value());
        return statement.value().integer(0);
    }
    static Result<> insert(Database& database, std::string_view word) {
        AGENT_TRY(auto statement, database.prepare("INSERT INTO words (word) VALUES (?1)"));
        return statement.bind(1, word).run();
    }

    testing::TemporaryDirectory folder;
    std::filesystem::path file{folder.path() / "words.db"};
};

TEST_F(DatabaseTest, ItsFilesAreForTheOwnerAlone) {
    auto database = open();
    ASSERT_TRUE(insert(database, "a").has_value());
    for (const auto* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(mode_of(file.string() + suffix), 0600U) << suffix;
}

TEST_F(DatabaseTest, AFileThatOthersMayReadIsClosedToThem) {
    { auto database = open(); }
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    auto database = open(OpenMode::existing);
    EXPECT_EQ(mode_of(file), 0600U);
}

TEST_F(DatabaseTest, SyncsEveryCommitAndKeepsAWriteAheadLog) {
    auto database = open();
    auto mode = database.prepare("PRAGMA journal_mode").value();
    ASSERT_TRUE(mode.step().value());
    EXPECT_EQ(mode.text(0), "wal");
    auto sync = database.prepare("PRAGMA synchronous").value();
    ASSERT_TRUE(sync.step().value());
    EXPECT_EQ(sync.integer(0), 2);  // FULL
    auto keys = database.prepare("PRAGMA foreign_keys").value();
    ASSERT_TRUE(keys.step().value());
    EXPECT_EQ(keys.integer(0), 1);
}

TEST_F(DatabaseTest, ATransactionThatIsNotCommittedLeavesNothing) {
    auto database = open();
    {
        auto transaction = Transaction::begin(database).value();
        ASSERT_TRUE(insert(database, "undone").has_value());
    }
    EXPECT_EQ(count(database), 0);
    auto transaction = Transaction::begin(database).value();
    ASSERT_TRUE(insert(database, "done").has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    EXPECT_EQ(count(database), 1);
}

TEST_F(DatabaseTest, AnEmbeddedNulCutsNothingShort) {
    auto database = open();
    ASSERT_TRUE(insert(database, std::string_view{"a\0b", 3}).has_value());
    auto statement = database.prepare("SELECT word FROM words").value();
    ASSERT_TRUE(statement.step().value());
    EXPECT_EQ(statement.text(0), (std::string{"a\0b", 3}));
}

TEST_F(DatabaseTest, AnEmptyTextIsNotNull) {
    auto database = open();
    ASSERT_TRUE(insert(database, std::string_view{}).has_value());
    auto statement = database.prepare("SELECT word FROM words").value();
    ASSERT_TRUE(statement.step().value());
    EXPECT_FALSE(statement.is_null(0));
}

TEST_F(DatabaseTest, AStatementInUseIsNotHandedOutTwice) {
    auto database = open();
    ASSERT_TRUE(insert(database, "a").has_value());
    ASSERT_TRUE(insert(database, "b").has_value());
    auto first = database.prepare("SELECT word FROM words ORDER BY id").value();
    ASSERT_TRUE(first.step().value());
    auto second = database.prepare("SELECT word FROM words ORDER BY id").value();
    ASSERT_TRUE(second.step().value());
    EXPECT_EQ(second.text(0), "a");
    ASSERT_TRUE(first.step().value());
    EXPECT_EQ(first.text(0), "b");
}

TEST_F(DatabaseTest, ABrokenRuleIsAnErrorThatNamesTheFile) {
    auto database = open();
    ASSERT_TRUE(insert(database, "same").has_value());
    const auto again = insert(database, "same");
    ASSERT_TRUE(again.has_error());
    EXPECT_EQ(again.error().code(), Errc::storage);
    EXPECT_THAT(again.error().message(), HasSubstr("words.db"));
}

TEST_F(DatabaseTest, AFailedBindingIsReportedByTheStep) {
    auto database = open();
    auto statement = database.prepare("SELECT word FROM words WHERE id = ?1").value();
    EXPECT_TRUE(statement.bind(2, std::int64_t{1}).step().has_error());
}

TEST_F(DatabaseTest, AMissingFileIsNotMadeUnlessAsked) {
    for (const auto mode : {OpenMode::existing, OpenMode::read_only})
        EXPECT_EQ(Database::open(file, mode, one_table).error().code(), Errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(DatabaseTest, NoDatabaseIsCorrupt) {
    folder.write("words.db", std::string(4096, 'x'));
    EXPECT_EQ(Database::open(file, OpenMode::create, one_table).error().code(), Errc::corrupt);
}

TEST_F(DatabaseTest, SomebodyElsesDatabaseIsCorrupt) {
    { auto database = open(); }
    auto other = one_table;
    other.application_id = 0x4321;
    EXPECT_EQ(Database::open(file, OpenMode::create, other).error().code(), Errc::corrupt);
}

TEST_F(DatabaseTest, ALinkIsNotFollowed) {
    { auto database = open(); }
    std::filesystem::create_symlink(file, folder.path() / "link.db");
    EXPECT_TRUE(Database::open(folder.path() / "link.db", OpenMode::existing, one_table).has_error());
}

TEST_F(DatabaseTest, AFolderReachedThroughALinkIsFine) {
    std::filesystem::create_directory(folder.path() / "real");
    std::filesystem::create_directory_symlink(folder.path() / "real", folder.path() / "way");
    EXPECT_TRUE(Database::open(folder.path() / "way" / "x.db", OpenMode::create, one_table).has_value());
}

TEST_F(DatabaseTest, AReaderSeesWhatTheWriterCommitsMeanwhile) {
    auto writer = open();
    auto reader = open(OpenMode::read_only);
    ASSERT_TRUE(insert(writer, "new").has_value());
    EXPECT_EQ(count(reader), 1);
    EXPECT_TRUE(insert(reader, "never").has_error());
}

TEST_F(DatabaseTest, AFolderWithoutWritePermissionCanBeRead) {
    {
        auto writer = open();
        ASSERT_TRUE(insert(writer, "kept").has_value());
    }
    // Root may write anywhere, so the reader is a child that gave up being root.
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
    std::filesystem::permissions(file, std::filesystem::perms{0444});
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        auto reader = Database::open(file, OpenMode::read_only, one_table);
        ::_exit(reader.has_value() && count(reader.value()) == 1 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
}

TEST_F(DatabaseTest, ANewerFormatIsRefusedWithBothVersions) {
    auto newer = one_table;
    newer.migrations.emplace_back("ALTER TABLE words ADD COLUMN language TEXT");
    { auto database = open(OpenMode::create, newer); }
    const auto refused = Database::open(file, OpenMode::create, one_table);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::malformed);
    EXPECT_THAT(refused.error().message(), HasSubstr("format is 2"));
    EXPECT_THAT(refused.error().message(), HasSubstr("up to 1"));
}

TEST_F(DatabaseTest, AMigrationThatFailsChangesNothing) {
    { auto database = open(); }
    auto broken = one_table;
    broken.migrations.emplace_back("CREATE TABLE half (a TEXT) STRICT; CREATE TABLE words (a TEXT) STRICT");
    EXPECT_TRUE(Database::open(file, OpenMode::existing, broken).has_error());
    auto database = open();
    auto half = database.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").value();
    ASSERT_TRUE(half.step().value());
    EXPECT_EQ(half.integer(0), 0);
}

}  // namespace
}  // namespace agent
