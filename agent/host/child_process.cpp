#include "host/child_process.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/command_parts.hpp"

namespace agent {
namespace {

class FileActions {
public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    FileActions(FileActions&&) = delete;
    FileActions& operator=(FileActions&&) = delete;
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

    // 0, or an errno value.
    [[nodiscard]] int arrange(const Descriptor& input, int output, int error) {
        int failed = posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO);
        if (failed == 0 && input.valid())
            failed = posix_spawn_file_actions_adddup2(&actions_, input.get(), STDIN_FILENO);
        else if (failed == 0)
            failed = posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (failed == 0) failed = posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        if (failed == 0) failed = posix_spawn_file_actions_addchdir_np(&actions_, "/");
        return failed;
    }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    Attributes(Attributes&&) = delete;
    Attributes& operator=(Attributes&&) = delete;
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

// posix_spawn returns when the program is loaded: it has hardly begun, and ends at its next write beyond the limit.
Result<> limit_files(pid_t pid, const Command& command) {
    if (command.file_limit == 0) return ok();
    const rlimit most{command.file_limit, command.file_limit};
    if (::prlimit(pid, RLIMIT_FSIZE, &most, nullptr) != 0)
        return system_error(errno, "limiting the files of " + command.program.native());
    return ok();
}

Error start_error(int failed, const Command& command) {
    const auto& program = command.program.native();
    if (failed == ENOENT || failed == ENOTDIR)
        return Error{Errc::not_found, "no such program: " + program + " (or its interpreter is missing)"};
    if (failed == EACCES) return Error{Errc::system, "needs the right to execute " + program};
    return system_error(failed, "starting " + program);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const Command& command) {
    AGENT_TRY(check_words(command));
    AGENT_TRY(auto output, make_pipe());
    AGENT_TRY(auto error, make_pipe());
    Descriptor input;
    if (!command.input.empty()) {
        AGENT_TRY(input, hold_in_memory(command.input));
    }
    FileActions actions;
    if (const int failed = actions.arrange(input, output.write_end.get(), error.write_end.get()); failed != 0)
        return start_error(failed, command);
    const Attributes attributes;

    std::vector<std::string> words{command.program.native()};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    std::vector<std::string> settings{basic_environment.begin(), basic_environment.end()};
    settings.insert(settings.end(), command.environment.begin(), command.environment.end());
    const auto argv = pointers_to(words);
    const auto environment = pointers_to(settings);

    pid_t pid{};
    const int failed =
        posix_spawn(&pid, words.front().c_str(), actions.get(), attributes.get(), argv.data(), environment.data());
    if (failed != 0) return start_error(failed, command);
    ChildProcess child{pid};
    child.exited.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!child.exited.valid()) return system_error(errno, "watching " + command.program.native());
    child.standard_output = std::move(output.read_end);
    child.standard_error = std::move(error.read_end);
    AGENT_TRY(limit_files(pid, command));
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : exited{std::move(other.exited)},
      standard_output{std::move(other.standard_output)},
      standard_error{std::move(other.standard_error)},
      pid_{std::exchange(other.pid_, 0)} {}

ChildProcess::~ChildProcess() {
    int ignored{};
    kill_group();
    static_cast<void>(reap(ignored));
}

void ChildProcess::kill_group() noexcept {
    if (pid_ > 0) static_cast<void>(::kill(-pid_, SIGKILL));
}

bool ChildProcess::reap(int& status) noexcept {
    if (pid_ == 0) return true;
    int raw{};
    const auto gone = waitpid(pid_, &raw, WNOHANG);
    if (gone == 0 || (gone < 0 && errno == EINTR)) return false;
    pid_ = 0;
    status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return true;
}

pid_t ChildProcess::abandon() noexcept { return std::exchange(pid_, 0); }

}  // namespace agent
