// YamlNode::to_value: the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2).
#include <charconv>
#include <limits>
#include <optional>

#include "codec/yaml.hpp"

namespace agent {
namespace {

bool all_of_digits(std::string_view text, std::string_view digits) {
    return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

std::optional<Value> read_integer(std::string_view text) {
    int base = 10;
    std::string_view digits = text;
    if (text.starts_with("0x")) {
        base = 16;
        digits.remove_prefix(2);
        if (!all_of_digits(digits, "0123456789abcdefABCDEF")) return std::nullopt;
    } else if (text.starts_with("0o")) {
        base = 8;
        digits.remove_prefix(2);
        if (!all_of_digits(digits, "01234567")) return std::nullopt;
    } else {
        if (digits.starts_with('+')) digits.remove_prefix(1);
        const auto magnitude = digits.starts_with('-') && text.front() == '-' ? digits.substr(1) : digits;
        if (!all_of_digits(magnitude, "0123456789")) return std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (error == std::errc{}) return Value{number};
    double real = 0;
    const auto format = base == 16 ? std::chars_format::hex : std::chars_format::general;
    if (base == 8) return std::nullopt;  // beyond 64 bits nobody writes octal: it stays a word
    if (std::from_chars(digits.data(), digits.data() + digits.size(), real, format).ec != std::errc{})
        return std::nullopt;
    return Value{real};
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_real(std::string_view text) {
    static constexpr std::string_view digits = "0123456789";
    const auto skip_digits = [&text] {
        const auto end = text.find_first_not_of(digits);
        const auto count = end == std::string_view::npos ? text.size() : end;
        text.remove_prefix(count);
        return count;
    };
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const auto before = skip_digits();
    std::size_t after = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        after = skip_digits();
    }
    if (before + after == 0) return false;
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (skip_digits() == 0) return false;
    }
    return text.empty();
}

std::optional<Value> read_real(std::string_view text) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const bool negative = text.starts_with('-');
    const bool sign = negative || text.starts_with('+');
    const auto magnitude = sign ? text.substr(1) : text;
    if (magnitude == ".inf" || magnitude == ".Inf" || magnitude == ".INF")
        return Value{negative ? -infinity : infinity};
    if (text == ".nan" || text == ".NaN" || text == ".NAN") return Value{std::numeric_limits<double>::quiet_NaN()};
    if (!looks_real(text)) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), number);
    if (error == std::errc::result_out_of_range) return std::nullopt;
    return Value{negative ? -number : number};
}

Value plain_value(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
    if (text == "true" || text == "True" || text == "TRUE") return Value{true};
    if (text == "false" || text == "False" || text == "FALSE") return Value{false};
    if (auto integer = read_integer(text)) return *std::move(integer);
    if (auto real = read_real(text)) return *std::move(real);
    return Value{text};
}

}  // namespace

Value YamlNode::to_value() const {
    switch (kind) {
        case Kind::null: return {};
        case Kind::scalar: return plain ? plain_value(text) : Value{text};
        case Kind::sequence: {
            Value::Array list;
            list.reserve(items.size());
            for (const auto& item : items) list.push_back(item.to_value());
            return list;
        }
        case Kind::map: {
            Value::Object object;
            for (const auto& member : members) object.emplace(member.name, member.value.to_value());
            return object;
        }
    }
    return {};
}

}  // namespace agent
