#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace agent::testing {

// A record lock is of a process, so whoever else holds one has to be another process.
template <class Lock>
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
        const auto lock = Lock::take(state_dir);
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

}  // namespace agent::testing
