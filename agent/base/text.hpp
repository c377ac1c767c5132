#pragma once
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace agent {

// Text of a peer or a program, made safe for a log or a table: bytes that are no UTF-8, control characters and
// what changes the direction of writing are escaped, cut at `most` bytes with
// "…" (never inside a UTF-8 sequence), in double quotes.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t most = 200);

// The nearest of `known` to `name` by edit distance, or nothing where none is close: "did you mean …?".
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

// True if `text` has `least` to `most` characters, all of A-Z a-z 0-9 . _ - (PROTOCOL.md sections 1 and 4).
[[nodiscard]] bool is_name(std::string_view text, std::size_t least, std::size_t most) noexcept;

}  // namespace agent
