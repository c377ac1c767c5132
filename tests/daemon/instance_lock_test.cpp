#include "daemon/instance_lock.hpp"

#include <gtest/gtest.h>

#include "other_process.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using OtherDaemon = testing::OtherProcess<InstanceLock>;

TEST(InstanceLock, RefusesASecondDaemonAndNamesTheFirst) {
    const testing::TemporaryDirectory folder;
    OtherDaemon other{folder.path()};
    ASSERT_TRUE(other.took());
    EXPECT_EQ(InstanceLock::holder(folder.path()), other.pid());
    const auto refused = InstanceLock::take(folder.path());
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::refused);
    EXPECT_NE(refused.error().message().find(std::to_string(other.pid())), std::string::npos);
}

TEST(InstanceLock, DiesWithItsHolder) {
    const testing::TemporaryDirectory folder;
    OtherDaemon other{folder.path()};
    ASSERT_TRUE(other.took());
    other.end();
    EXPECT_FALSE(InstanceLock::holder(folder.path()).has_value());
    EXPECT_TRUE(InstanceLock::take(folder.path()).has_value());
}

}  // namespace
}  // namespace agent
