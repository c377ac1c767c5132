#include "drift/xccdf/oscap.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

#include "base/handle.hpp"
#include "base/text.hpp"
#include "drift/custom/command_check.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

// Results of the largest published benchmarks are under 20 MiB.
constexpr std::uint64_t file_most = 64UL * 1024UL * 1024UL;
constexpr std::size_t chunk_bytes = 64UL * 1024UL;
constexpr std::size_t output_most = 16UL * 1024UL;
constexpr std::size_t told_most = 200;
constexpr int all_passed = 0;
constexpr int some_failed = 2;
constexpr int killed = 128;
constexpr std::size_t process_name_most = 15;  // proc(5)

// What oscap may not read counts as absent for it, and rules pass that should not.
Result<> sees_everything() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) return system_error(errno, "reading our own capabilities");
    constexpr unsigned any = (1U << unsigned{CAP_DAC_READ_SEARCH}) | (1U << unsigned{CAP_DAC_OVERRIDE});
    const bool may_read = (sets[0].effective & any) != 0;
    if (::geteuid() != 0)
        return Error{Errc::refused,
                     "needs root: what oscap may not read counts as absent, and rules would pass unseen"};
    if (!may_read)
        return Error{Errc::refused,
                     "needs CAP_DAC_READ_SEARCH (root here lacks the capability): what oscap may not read counts as "
                     "absent, and rules would pass unseen"};
    return ok();
}

Result<> with_hint(Result<> result, std::string_view hint) {
    if (result.has_error() && result.error().code() == Errc::not_found)
        return Error{Errc::not_found, result.error().message() + "; " + std::string{hint}};
    return result;
}

// Content may bring programs of its own (Script Check Engine), which run as root.
Result<> is_safe(const OscapHost& host, const OscapTask& task) {
    AGENT_TRY(sees_everything());
    AGENT_TRY(with_hint(only_roots(host.program), "the scanner is in the package openscap-scanner"));
    AGENT_TRY(with_hint(only_roots(task.datastream), "content for Debian is in the package ssg-debian"));
    if (!task.tailoring_file) return ok();
    return only_roots(*task.tailoring_file);
}

class PrivateFolder {
public:
    static Result<PrivateFolder> make(const std::filesystem::path& parent) {
        auto pattern = (parent / "compliance-xccdf-XXXXXX").native();
        if (::mkdtemp(pattern.data()) == nullptr) return file_error(errno, "write", parent);
        return PrivateFolder{std::move(pattern)};
    }
    PrivateFolder(PrivateFolder&& other) noexcept : path_{std::exchange(other.path_, {})} {}
    PrivateFolder& operator=(PrivateFolder&&) = delete;
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;
    ~PrivateFolder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    explicit PrivateFolder(std::filesystem::path path) : path_{std::move(path)} {}
    std::filesystem::path path_;
};

// oscap removes its own folders when it ends by itself. Killed time after time it would fill the disk.
class OscapFolders {
public:
    explicit OscapFolders(const OscapHost& host) : host_{host}, before_{ours()} {}

    // Those that came while it ran, unless somebody else's oscap runs, to whom they may belong.
    void remove_new() const {
        if (another_runs()) return;
        std::error_code ignored;
        for (const auto& folder : ours())
            if (!before_.contains(folder)) std::filesystem::remove_all(folder, ignored);
    }

private:
    [[nodiscard]] std::set<std::filesystem::path> ours() const {
        std::set<std::filesystem::path> folders;
        std::error_code failed;
        for (std::filesystem::directory_iterator entry{host_.temporary, failed}, end; !failed && entry != end;
             entry.increment(failed)) {
            const auto name = entry->path().filename().native();
            struct stat status {};
            if (!name.starts_with("oscap.") || ::lstat(entry->path().c_str(), &status) != 0) continue;
            if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid()) folders.insert(entry->path());
        }
        return folders;
    }
    [[nodiscard]] bool another_runs() const {
        const auto name = host_.program.filename().native().substr(0, process_name_most);
        std::error_code failed;
        for (std::filesystem::directory_iterator entry{"/proc", failed}, end; !failed && entry != end;
             entry.increment(failed)) {
            std::ifstream file{entry->path() / "comm"};
            std::string running;
            if (std::getline(file, running) && running == name) return true;
        }
        return false;
    }

    const OscapHost& host_;
    std::set<std::filesystem::path> before_;
};

Command command_of(const OscapHost& host, const OscapTask& task, const std::filesystem::path& results) {
    Command command;
    command.program = host.program;
    command.arguments = {"xccdf", "eval", "--progress", "--thin-results", "--profile", task.profile};
    const auto add = [&](const std::string& option, const std::string& value) {
        command.arguments.push_back(option);
        command.arguments.push_back(value);
    };
    if (task.tailoring_file) add("--tailoring-file", task.tailoring_file->native());
    for (const auto& rule : task.rules) add("--rule", rule);
    for (const auto& rule : task.skip_rules) add("--skip-rule", rule);
    add("--results", results.native());
    command.arguments.push_back(task.datastream.native());
    command.deadline = task.deadline;
    command.head_limit = output_most;
    command.tail_limit = 1;
    command.file_limit = file_most;
    return command;
}

// The first line that is more than a remark.
std::string complaint_in(std::string_view text) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        const bool is_remark = line.starts_with("WARNING:") || line.starts_with("W: ");
        if (!is_remark && !line.empty()) return ": " + agent::quoted(line, told_most);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return "";
}

Result<> judge_exit(const CommandExit& exit) {
    if (exit.status == all_passed || exit.status == some_failed) return ok();
    if (exit.status == killed + SIGXFSZ)
        return Error{Errc::malformed, "it was ended for writing a file of more than " + std::to_string(file_most) +
                                          " bytes; fewer rules would write less"};
    return Error{Errc::system,
                 "it ended with status " + std::to_string(exit.status) + complaint_in(exit.standard_error.head)};
}

Result<Descriptor> open_results(const std::filesystem::path& file) {
    Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!opened.valid() && errno == ENOENT) return Error{Errc::malformed, "it wrote no results"};
    if (!opened.valid()) return file_error(errno, "read", file);
    struct stat status {};
    if (::fstat(opened.get(), &status) != 0) return file_error(errno, "read", file);
    if (!S_ISREG(status.st_mode)) return Error{Errc::malformed, "its results are no file"};
    return opened;
}

Task<XccdfResults> read_results(std::filesystem::path file) {
    AGENT_CO_TRY(const auto opened, open_results(file));
    XccdfReader reader;
    std::vector<char> chunk(chunk_bytes);
    for (std::uint64_t total = 0; total <= file_most;) {
        const auto count = ::read(opened.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) co_return file_error(errno, "read", file);
        if (count == 0) co_return reader.finish();
        const std::string_view piece{chunk.data(), static_cast<std::size_t>(count)};
        AGENT_CO_TRY(reader.feed(piece));
        total += piece.size();
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return Error{Errc::cancelled, "stopped while reading results"};
        co_await asio::post(asio::use_awaitable);
    }
    co_return Error{Errc::malformed, "its results are larger than " + std::to_string(file_most) + " bytes"};
}

}  // namespace

Task<OscapRun> run_oscap(const OscapHost& host, const OscapTask& task, ProcessRunner& processes) {
    AGENT_CO_TRY(is_safe(host, task));
    AGENT_CO_TRY(const auto folder, PrivateFolder::make(host.temporary));
    const OscapFolders folders{host};
    const auto file = folder.path() / "results.xml";
    auto command = command_of(host, task, file);
    auto ended = co_await processes.run(std::move(command));
    if (ended.has_error() || ended.value().status >= killed) folders.remove_new();
    AGENT_CO_TRY(const auto exit, in_context(std::move(ended), host.program.native()));
    AGENT_CO_TRY(in_context(judge_exit(exit), host.program.native()));
    auto results = co_await read_results(file);
    AGENT_CO_TRY(auto read, in_context(std::move(results), "results of " + host.program.native()));
    OscapRun run;
    run.results = std::move(read);
    run.says_failed = exit.status == some_failed;
    run.took = exit.took;
    run.remarks = exit.standard_error.head.substr(0, told_most);
    co_return run;
}

}  // namespace agent
