#include "host/command_parts.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"

namespace agent {

Result<> check_words(const Command& command) {
    if (!command.program.is_absolute())
        return Error{Errc::malformed,
                     "the path of a program must be absolute: " + agent::quoted(command.program.native())};
    const auto cut_short = [](const std::string& word) { return word.find('\0') != std::string::npos; };
    if (cut_short(command.program.native()) ||
        std::any_of(command.arguments.begin(), command.arguments.end(), cut_short) ||
        std::any_of(command.environment.begin(), command.environment.end(), cut_short))
        return Error{Errc::malformed,
                     "an argument of " + agent::quoted(command.program.native()) + " contains a zero byte"};
    return ok();
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "making a pipe");
    Pipe pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
    // The child's end must not be one of 0 to 2, which the child overwrites one after the other.
    pipe.write_end.reset(fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
    if (!pipe.write_end.valid()) return system_error(errno, "making a pipe");
    return pipe;
}

Result<Descriptor> hold_in_memory(std::string_view text) {
    const Descriptor made{memfd_create("input", MFD_CLOEXEC)};
    Descriptor held{fcntl(made.get(), F_DUPFD_CLOEXEC, 3)};  // as for pipes
    if (!held.valid()) return system_error(errno, "holding the input of a program");
    for (auto rest = text; !rest.empty();) {
        const auto count = ::write(held.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return system_error(errno, "holding the input of a program");
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (lseek(held.get(), 0, SEEK_SET) != 0) return system_error(errno, "holding the input of a program");
    return held;
}

}  // namespace agent
