#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <charconv>

#include "base/handle.hpp"
#include "base/text.hpp"
#include "drift/patching/old_libraries.hpp"
#include "drift/patching/process_text.hpp"
#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t chunk_bytes = 64UL * 1024UL;  // longer than any line of maps
constexpr std::size_t process_text_most = 64UL * 1024UL;
constexpr std::size_t processes_a_turn = 32;

enum class Read : std::uint8_t { whole, gone, barred };

Read why_not(int errno_value) { return errno_value == EACCES || errno_value == EPERM ? Read::barred : Read::gone; }

// Piece by piece: the maps of one process may be megabytes, and of interest are a few lines.
Read read_maps(const std::filesystem::path& maps, std::string& buffer, std::set<std::string>& paths) {
    const Descriptor opened{::open(maps.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!opened.valid()) return why_not(errno);
    buffer.resize(chunk_bytes);
    std::size_t held = 0;
    for (;;) {
        if (held == buffer.size()) held = 0;  // no line of a kernel is that long
        const auto count = ::read(opened.get(), buffer.data() + held, buffer.size() - held);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return why_not(errno);
        if (count == 0) return Read::whole;
        const std::string_view text{buffer.data(), held + static_cast<std::size_t>(count)};
        const auto lines = text.substr(0, text.rfind('\n') + 1);
        collect_deleted_code(lines, paths);
        held = text.size() - lines.size();
        if (!lines.empty())
            std::copy(text.begin() + static_cast<std::ptrdiff_t>(lines.size()), text.end(), buffer.begin());
    }
}

std::optional<pid_t> process_id(const std::string& name) {
    pid_t id{};
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (failed != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return id;
}

Result<std::set<pid_t>> all_processes(const std::filesystem::path& proc) {
    std::error_code failed;
    std::filesystem::directory_iterator entries{proc, failed};
    std::set<pid_t> processes;
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed))
        if (const auto id = process_id(entries->path().filename().native())) processes.insert(*id);
    if (failed) return file_error(failed.value(), "read", proc);
    // Whoever sees not even the first process is shown its own ones alone (hidepid=, ProtectProc=).
    if (!processes.contains(1))
        return Error{Errc::refused, "the processes of others are hidden in " + proc.native() +
                                        ": needs CAP_SYS_PTRACE (run as root, without hidepid= or ProtectProc=)"};
    return processes;
}

std::string text_of(const std::filesystem::path& file) {
    auto text = read_file(file, process_text_most);
    return text.has_value() ? std::move(text).value() : std::string{};
}

std::string name_of(const std::filesystem::path& process) {
    auto name = text_of(process / "comm");
    while (name.ends_with('\n')) name.pop_back();
    return name;
}

class Look {
public:
    Look(std::filesystem::path proc, WallTime booted) : proc_{std::move(proc)}, booted_{booted} {}

    void at(pid_t id) {
        std::set<std::string> paths;
        const auto process = proc_ / std::to_string(id);
        const auto read = read_maps(process / "maps", buffer_, paths);
        if (read == Read::barred && found.whole.barred++ == 0)
            found.whole.barred_example = std::to_string(id) + " (" + agent::quoted(name_of(process), 32) + ")";
        if (!paths.empty()) add(id, process, std::move(paths));
    }

    OldLibraries found;

private:
    void add(pid_t id, const std::filesystem::path& process, std::set<std::string> paths) {
        auto name = unit_of_cgroup(text_of(process / "cgroup"));
        if (name.empty()) name = "process " + agent::quoted(name_of(process), 32);
        const auto started = start_of(process);
        const auto since = std::max(started, first_replaced(process, paths));
        auto [service, is_new] = found.services.try_emplace(name, OldService{{}, {}, since, started});
        service->second.since = std::min(service->second.since, since);
        service->second.started = std::min(service->second.started, started);
        service->second.processes.insert(id);
        service->second.libraries.merge(paths);
        found.whole.old.insert(id);
    }

    WallTime start_of(const std::filesystem::path& process) const {
        static const auto ticks_a_second = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
        const auto ticks = start_ticks(text_of(process / "stat"));
        return ticks ? booted_ + std::chrono::seconds{static_cast<std::int64_t>(*ticks / ticks_a_second)} : booted_;
    }

    // When another file took the place of the first of them; where none did, that is not known.
    static WallTime first_replaced(const std::filesystem::path& process, const std::set<std::string>& paths) {
        auto first = WallTime::max();
        for (const auto& path : paths) {
            struct stat status {};
            // As the process sees it: it may live in a container.
            if (::stat(((process / "root").native() + path).c_str(), &status) != 0) continue;
            first = std::min(first, WallTime{std::chrono::seconds{status.st_ctim.tv_sec}});
        }
        return first == WallTime::max() ? WallTime{} : first;
    }

    std::filesystem::path proc_;
    WallTime booted_;
    std::string buffer_;
};

}  // namespace

Task<OldLibraries> look_for_old_libraries(std::filesystem::path proc, std::optional<WholeLook> known, std::string stamp,
                                          WallTime now, WallTime booted) {
    const bool narrow = known && still_holds(*known, stamp, now);
    std::set<pid_t> processes;
    if (narrow) processes = known->old;
    if (!narrow) {
        AGENT_CO_TRY(processes, all_processes(proc));
    }
    Look look{std::move(proc), booted};
    std::size_t looked_at = 0;
    for (const auto id : processes) {
        look.at(id);
        if (++looked_at % processes_a_turn != 0) continue;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return Error{Errc::cancelled, "stopped while looking at processes"};
        co_await asio::post(asio::use_awaitable);
    }
    auto found = std::move(look.found);
    if (narrow) {
        known->old = std::move(found.whole.old);
        found.whole = std::move(*known);
        co_return found;
    }
    found.whole.stamp = std::move(stamp);
    found.whole.made = now;
    found.whole.processes = processes.size();
    co_return found;
}

}  // namespace agent
