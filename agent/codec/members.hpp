#pragma once
// Reading the members of a JSON object, strictly. Every error is `malformed` and names the member.
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"

namespace agent {

class Members {
public:
    // `key` is the dotted path of `value` for messages, empty for the outermost.
    [[nodiscard]] static Result<Members> of(const Value& value, std::string key);

    [[nodiscard]] const Value* find(std::string_view name) const { return value_->find(name); }
    [[nodiscard]] Result<const Value*> required(std::string_view name) const;

    // Each: the member must be there and of that kind; `_or_null` takes null too.
    [[nodiscard]] Result<std::string> string(std::string_view name) const;
    [[nodiscard]] Result<std::optional<std::string>> string_or_null(std::string_view name) const;
    [[nodiscard]] Result<std::int64_t> integer(std::string_view name) const;
    [[nodiscard]] Result<std::optional<std::int64_t>> integer_or_null(std::string_view name) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name) const;
    [[nodiscard]] Result<> number(std::string_view name) const;
    [[nodiscard]] Result<Members> object(std::string_view name) const;
    [[nodiscard]] Result<const Value::Array*> array(std::string_view name) const;
    [[nodiscard]] Result<> strings(std::string_view name) const;  // an array of strings

    // site_id, host_id: 1 to 64 of A-Z a-z 0-9 . _ - (PROTOCOL.md section 1).
    [[nodiscard]] Result<std::string> name(std::string_view name) const;
    [[nodiscard]] Result<std::string> uuid(std::string_view name) const;
    [[nodiscard]] Result<std::string> sha256(std::string_view name) const;  // 64 lower-case hex digits
    [[nodiscard]] Result<WallTime> time(std::string_view name) const;
    [[nodiscard]] Result<WallTime> time_in_milliseconds(std::string_view name) const;  // exactly three decimals

    template <class E>
    [[nodiscard]] Result<E> word(std::string_view name) const {
        AGENT_TRY(const auto text, string(name));
        const auto value = parse_word<E>(text);
        if (!value) return unknown_word(name, text);
        return *value;
    }
    template <class E>
    [[nodiscard]] Result<std::optional<E>> word_or_null(std::string_view name) const {
        AGENT_TRY(const auto* value, required(name));
        if (value->is_null()) return std::optional<E>{};
        AGENT_TRY(const auto known, word<E>(name));
        return std::optional<E>{known};
    }

    // No member but these.
    [[nodiscard]] Result<> only(std::initializer_list<std::string_view> names) const;

    [[nodiscard]] Error fault(std::string_view name, std::string_view rule) const;
    [[nodiscard]] std::string key_of(std::string_view name) const;

private:
    Members(const Value& value, std::string key) : value_{&value}, key_{std::move(key)} {}
    [[nodiscard]] Error unknown_word(std::string_view name, std::string_view text) const;

    const Value* value_;
    std::string key_;
};

}  // namespace agent
