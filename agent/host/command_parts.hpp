#pragma once
// What every way of running a command has in common.
#include <array>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "host/process_runner.hpp"

namespace agent {

// What a program finds in its environment beside what its command says.
inline constexpr std::array<const char*, 2> basic_environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};

// `malformed`: a path that is not absolute, a word with a zero byte.
[[nodiscard]] Result<> check_words(const Command& command);

// Neither end has one of the numbers 0 to 2, which a child overwrites one after the other.
struct Pipe {
    Descriptor read_end;
    Descriptor write_end;
};
[[nodiscard]] Result<Pipe> make_pipe();

// A file without a name, at its beginning: nobody can put another in its place, and nothing of it stays behind.
[[nodiscard]] Result<Descriptor> hold_in_memory(std::string_view text);

}  // namespace agent
