#pragma once
// Programs run by argv, never through a shell.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "base/port.hpp"

namespace agent {

// What a program may do, where the service manager can see to it. Against mistakes of whoever wrote the runbook; a
// program of root's that means harm can still ask the service manager itself.
enum class Privileges : std::uint8_t {
    same,           // what we may
    reading,        // changes no file and no setting of the kernel
    packet_filter,  // the packet filter, and nothing else
};

// What becomes of a program that outlives an agent that was killed.
enum class WhenOrphaned : std::uint8_t {
    ended,
    awaited,  // cut short, it would leave worse behind (dpkg)
};

struct Command {
    std::filesystem::path program;  // absolute
    std::vector<std::string> arguments;
    Duration deadline{30'000};
    // Bytes kept of the start and of the end of each stream; what lies between is counted and dropped.
    std::size_t head_limit{64UL * 1024UL};
    std::size_t tail_limit{4UL * 1024UL};
    // "NAME=value" beside PATH and LC_ALL=C.UTF-8; nothing of our own environment is handed on.
    std::vector<std::string> environment;
    // To how many bytes a file that it writes may grow; SIGXFSZ ends it at the next write beyond. 0: as many as there
    // is room for.
    std::uint64_t file_limit{};
    // What it finds on its standard input, as a file that can be opened again (/dev/stdin) and is in no folder; empty:
    // /dev/null.
    std::string input;
    Privileges privileges{Privileges::same};
    WhenOrphaned when_orphaned{WhenOrphaned::ended};
};

struct CapturedOutput {
    std::string head;
    std::string tail;         // empty while everything fits into head
    std::uint64_t dropped{};  // bytes between head and tail
    [[nodiscard]] bool complete() const noexcept { return dropped == 0; }
};

struct CommandExit {
    int status{};  // exit status; 128 + signal where a signal ended it
    CapturedOutput standard_output;
    CapturedOutput standard_error;
    Duration took{};
};

class ProcessRunner : public Port {
public:
    // Errors: `malformed` (path not absolute), `not_found` (no such program), `system`, `timed_out` and `cancelled`.
    // On every way out the program and its process group are gone: killed at the end, whatever the end was. A
    // descendant that left the group (a daemon) is not ours to find; it is not waited for, and under a service manager
    // it ends with our unit. Output that comes after the program's own end is not kept.
    [[nodiscard]] virtual Task<CommandExit> run(Command command) = 0;
    // Before a run that was cut short is put back: no program that an agent which is gone had started runs any more
    // when this returns, as far as that can be known.
    [[nodiscard]] virtual Task<> settle() { co_return ok(); }
};

}  // namespace agent
