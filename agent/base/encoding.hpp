#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agent {

[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span{text});
}
[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal.
[[nodiscard]] std::string hex_encode(std::span<const std::byte> bytes);
// Nothing unless every digit is 0-9 a-f and their number is even.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

// RFC 4648 section 4, padded.
[[nodiscard]] std::string base64_encode(std::span<const std::byte> bytes);
// Strict: padded, no white space, and canonical (unused bits are zero), so that one text stands for one value.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace agent
