#pragma once
// Strict JSON (PROTOCOL.md section 3, RFC 8259): the only door between JSON text and values.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/value.hpp"

namespace agent {

// `malformed` unless `text` is one JSON value in UTF-8 without a byte order mark, without duplicate member names and
// at most limits::json_depth deep (the outermost value has depth 1, every value inside is one deeper). The message
// names the byte offset. An integer beyond 64 bits becomes a real; `9e2` and `900.0` are reals.
[[nodiscard]] Result<Value> parse_json(std::string_view text);
// The same for what a program prints, which may be nested deeper than the protocol allows.
[[nodiscard]] Result<Value> parse_json(std::string_view text, std::size_t deepest);

// One line, members sorted, UTF-8. Bytes that are no UTF-8 become U+FFFD; a real that is no number becomes null.
[[nodiscard]] std::string write_json(const Value& value);

// The same for people: two spaces a level.
[[nodiscard]] std::string write_json_pretty(const Value& value);

}  // namespace agent
