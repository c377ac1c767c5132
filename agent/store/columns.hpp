#pragma once
// How our values stand in columns: times as milliseconds since 1970, words as PROTOCOL.md spells them.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/vocabulary.hpp"
#include "store/database.hpp"

namespace agent {

[[nodiscard]] inline std::int64_t to_column(WallTime time) noexcept { return time.time_since_epoch().count(); }

[[nodiscard]] inline WallTime time_column(const Statement& row, int column) noexcept {
    return WallTime{Duration{row.integer(column)}};
}

inline void bind_time(Statement& statement, int index, const std::optional<WallTime>& time) {
    if (time)
        statement.bind(index, to_column(*time));
    else
        statement.bind_null(index);
}

[[nodiscard]] inline std::optional<WallTime> optional_time(const Statement& row, int column) noexcept {
    if (row.is_null(column)) return std::nullopt;
    return time_column(row, column);
}

[[nodiscard]] inline std::optional<std::string> optional_text(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.text(column);
}

template <class E>
void bind_word(Statement& statement, int index, const std::optional<E>& word) {
    if (word)
        statement.bind(index, to_string(*word));
    else
        statement.bind_null(index);
}

// Nothing for NULL; a word that this version does not know is damage.
template <class E>
[[nodiscard]] Result<std::optional<E>> word_column(const Statement& row, int column) {
    if (row.is_null(column)) return std::optional<E>{};
    const auto text = row.text(column);
    const auto word = parse_word<E>(text);
    if (!word) return Error{Errc::corrupt, "the state file holds the unknown word \"" + text + "\""};
    return std::optional<E>{*word};
}

}  // namespace agent
