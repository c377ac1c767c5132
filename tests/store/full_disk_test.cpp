// A disk that is really full: a small tmpfs.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "state_fixture.hpp"

namespace agent {
namespace {

using testing::append_bundle;
using testing::open_state;

class SmallDisk {
public:
    explicit SmallDisk(const std::filesystem::path& at) : at_{at} {
        std::filesystem::create_directory(at);
        mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=3m") == 0;
        reason_ = mounted_ ? 0 : errno;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const noexcept { return mounted_; }
    [[nodiscard]] int reason() const noexcept { return reason_; }

private:
    std::filesystem::path at_;
    bool mounted_{};
    int reason_{};
};

TEST(FullDisk, TheReserveMakesRoomAndNoAcceptedEvidenceIsLost) {
    testing::TemporaryDirectory folder;
    const auto at = folder.path() / "disk";
    SmallDisk disk{at};
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs: " << std::strerror(disk.reason());

    auto store = open_state(at);
    ASSERT_TRUE(std::filesystem::exists(at / "reserve"));
    std::vector<BundleId> accepted;
    std::optional<Error> failure;
    while (!failure && accepted.size() < 20'000) {
        auto id = append_bundle(*store);
        if (id.has_value())
            accepted.push_back(id.value());
        else
            failure = id.error();
    }
    ASSERT_TRUE(failure) << "the disk never filled";
    EXPECT_EQ(failure->code(), Errc::disk_full) << failure->message();
    EXPECT_EQ(store->evidence().head().value().sequence, static_cast<std::int64_t>(accepted.size()));

    ASSERT_TRUE(store->release_reserve());
    const auto alarm = append_bundle(*store, "general");
    ASSERT_TRUE(alarm.has_value()) << alarm.error().message();
    ASSERT_TRUE(store->evidence().acknowledge({{accepted[0], "r"}, {accepted[1], "r"}}).has_value());
    EXPECT_EQ(store->evidence().prune(0, Duration{0}, testing::noon + Duration{1}, 100).value(), 2);
    for (std::size_t i = 2; i < accepted.size(); ++i)
        ASSERT_TRUE(store->evidence().find(accepted[i]).value()) << "bundle " << i << " is lost";
}

}  // namespace
}  // namespace agent
