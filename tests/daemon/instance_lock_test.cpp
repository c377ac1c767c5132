#include "daemon/instance_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "support/temporary_directory.hpp"

namespace agent {
namespace {

// A record lock is of a process, so the other daemon has to be another process.
class OtherProcess {
public:
    explicit OtherProcess(const std::filesystem::path& state_dir) {
        if (pipe(ready_.data()) != 0 || pipe(release_.data()) != 0) return;
        pid_ = fork();
        if (pid_ != 0) {
            char byte = 0;
            took_ = read(ready_[0], &byte, 1) == 1 && byte == 'y';
            return;
        }
        const auto lock = InstanceLock::take(state_dir);
        const char answer = lock.has_value() ? 'y' : 'n';
        char byte = 0;
        close(release_[1]);
        if (write(ready_[1], &answer, 1) == 1) static_cast<void>(read(release_[0], &byte, 1));
        _exit(0);
    }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;
    ~OtherProcess() { end(); }
    void end() {
        if (pid_ <= 0) return;
        close(release_[1]);
        waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] bool took() const { return took_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    std::array<int, 2> ready_{};
    std::array<int, 2> release_{};
    pid_t pid_{};
    bool took_{};
};

TEST(InstanceLock, RefusesASecondDaemonAndNamesTheFirst) {
    const testing::TemporaryDirectory folder;
    OtherProcess other{folder.path()};
    ASSERT_TRUE(other.took());
    EXPECT_EQ(InstanceLock::holder(folder.path()), other.pid());
    const auto refused = InstanceLock::take(folder.path());
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::refused);
    EXPECT_NE(refused.error().message().find(std::to_string(other.pid())), std::string::npos);
}

TEST(InstanceLock, DiesWithItsHolder) {
    const testing::TemporaryDirectory folder;
    OtherProcess other{folder.path()};
    ASSERT_TRUE(other.took());
    other.end();
    EXPECT_FALSE(InstanceLock::holder(folder.path()).has_value());
    EXPECT_TRUE(InstanceLock::take(folder.path()).has_value());
}

}  // namespace
}  // namespace agent
