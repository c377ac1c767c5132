#pragma once
#include <cstddef>
#include <string_view>

namespace agent {

// The length in bytes of the character that begins `text`, or 0 where none does.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// The offset of the first byte that is no UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF),
// or npos.
[[nodiscard]] std::size_t invalid_utf8_at(std::string_view text) noexcept;

}  // namespace agent
