#include "codec/members.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

bool is_lower_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !digit) return false;
    }
    return true;
}

}  // namespace

Result<Members> Members::of(const Value& value, std::string key) {
    if (value.object() == nullptr) {
        const std::string what = key.empty() ? "the outermost value" : key;
        return Error{Errc::malformed, what + ": not an object"};
    }
    return Members{value, std::move(key)};
}

std::string Members::key_of(std::string_view name) const {
    return key_.empty() ? std::string{name} : key_ + '.' + std::string{name};
}

Error Members::fault(std::string_view name, std::string_view rule) const {
    return Error{Errc::malformed, key_of(name) + ": " + std::string{rule}};
}

Error Members::unknown_word(std::string_view name, std::string_view text) const {
    return fault(name, "unknown word " + quoted(text, 64));
}

Result<const Value*> Members::required(std::string_view name) const {
    const auto* value = find(name);
    if (value == nullptr) return fault(name, "missing");
    return value;
}

Result<std::string> Members::string(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    const auto* text = value->string();
    if (text == nullptr) return fault(name, "not a string");
    return *text;
}

Result<std::optional<std::string>> Members::string_or_null(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    if (value->is_null()) return std::optional<std::string>{};
    const auto* text = value->string();
    if (text == nullptr) return fault(name, "neither a string nor null");
    return std::optional<std::string>{*text};
}

Result<std::int64_t> Members::integer(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    const auto* number = value->integer();
    if (number == nullptr) return fault(name, "not an integer");
    return *number;
}

Result<std::optional<std::int64_t>> Members::integer_or_null(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    if (value->is_null()) return std::optional<std::int64_t>{};
    AGENT_TRY(const auto number, integer(name));
    return std::optional<std::int64_t>{number};
}

Result<bool> Members::boolean(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    const auto* flag = value->boolean();
    if (flag == nullptr) return fault(name, "neither true nor false");
    return *flag;
}

Result<> Members::number(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    if (value->integer() == nullptr && value->real() == nullptr) return fault(name, "not a number");
    return ok();
}

Result<Members> Members::object(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    return of(*value, key_of(name));
}

Result<const Value::Array*> Members::array(std::string_view name) const {
    AGENT_TRY(const auto* value, required(name));
    if (value->array() == nullptr) return fault(name, "not an array");
    return value->array();
}

Result<> Members::strings(std::string_view name) const {
    AGENT_TRY(const auto* items, array(name));
    for (const auto& item : *items)
        if (item.string() == nullptr) return fault(name, "holds something that is no string");
    return ok();
}

Result<std::string> Members::name(std::string_view name) const {
    AGENT_TRY(auto text, string(name));
    if (!is_name(text, 1, limits::name_length)) return fault(name, "not 1 to 64 of A-Z a-z 0-9 . _ -");
    return text;
}

Result<std::string> Members::uuid(std::string_view name) const {
    AGENT_TRY(auto text, string(name));
    if (!is_uuid(text)) return fault(name, "not a UUID");
    return text;
}

Result<std::string> Members::sha256(std::string_view name) const {
    AGENT_TRY(auto text, string(name));
    if (text.size() != 64 || !is_lower_hex(text)) return fault(name, "not 64 lower-case hexadecimal digits");
    return text;
}

Result<WallTime> Members::time(std::string_view name) const {
    AGENT_TRY(const auto text, string(name));
    return in_context(parse_rfc3339(text), key_of(name));
}

Result<WallTime> Members::time_in_milliseconds(std::string_view name) const {
    AGENT_TRY(const auto text, string(name));
    constexpr std::size_t size_with_three_decimals = 24;
    if (text.size() != size_with_three_decimals) return fault(name, "not a time with exactly three decimals");
    return in_context(parse_rfc3339(text), key_of(name));
}

Result<> Members::only(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, member] : *value_->object())
        if (std::find(names.begin(), names.end(), name) == names.end())
            return Error{Errc::malformed, (key_.empty() ? "" : key_ + ": ") + "unknown member " + quoted(name, 64)};
    return ok();
}

}  // namespace agent
