#include "daemon/own_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "evidence/recorder.hpp"
#include "support/fake_time.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OwnFiles : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened = StateStore::open(folder.path() / "state", OpenMode::create, time.wall);
        ASSERT_TRUE(opened.has_value()) << opened.error().message();
        store = std::move(opened).value();
    }
    testing::TemporaryDirectory folder;
    testing::FakeTime time;
    std::unique_ptr<StateStore> store;
    std::filesystem::path key_file = folder.path() / "state" / "evidence.key";
};

TEST_F(OwnFiles, TheKeyIsMadeOnceWithItsPublicHalf) {
    const auto made = evidence_key(key_file, *store);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "state" / "evidence.pub"));
    const auto again = evidence_key(key_file, *store);
    EXPECT_EQ(again.value().public_key().key_id(), made.value().public_key().key_id());
}

TEST_F(OwnFiles, AKeyThatIsLostIsNotReplacedUnaskedAndTheErrorSaysWhatToDo) {
    {
        const auto key = evidence_key(key_file, *store).value();
        Recorder recorder{*store, time, key, Speaker{}};
        EvidenceDraft draft;
        ASSERT_TRUE(recorder.record(draft).has_value());
    }
    std::filesystem::remove(key_file);
    const auto lost = evidence_key(key_file, *store);
    ASSERT_TRUE(lost.has_error());
    EXPECT_THAT(
        lost.error().message(),
        AllOf(HasSubstr(key_file.string() + " is gone"), HasSubstr("1 bundles"), HasSubstr("Put the file back"),
              HasSubstr("key generate " + (folder.path() / "state" / "evidence").string()), HasSubstr("host add")));
    EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_F(OwnFiles, AStateFolderThatIsNoFolderIsNamedWithWhatToDo) {
    const auto file = folder.write("a-file", "");
    const auto refused = prepare_state_dir(file);
    ASSERT_TRUE(refused.has_error());
    EXPECT_THAT(refused.error().message(),
                AllOf(HasSubstr("state_dir " + file.string() + " cannot be used"), HasSubstr("install -d -m 0700")));
}

TEST_F(OwnFiles, AMissingStateFolderIsMadeForUsAlone) {
    const auto made = folder.path() / "a" / "b";
    ASSERT_TRUE(prepare_state_dir(made).has_value());
    EXPECT_EQ(std::filesystem::status(made).permissions(), std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace agent
