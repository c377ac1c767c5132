#include "drift/custom/debian_version.hpp"

#include <algorithm>
#include <string>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr std::size_t epoch_digits_most = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Parts {
    std::string_view epoch;
    std::string_view upstream;
    std::string_view revision;
};

Parts split(std::string_view version) {
    Parts parts;
    if (const auto colon = version.find(':'); colon != std::string_view::npos) {
        parts.epoch = version.substr(0, colon);
        version.remove_prefix(colon + 1);
    }
    const auto dash = version.rfind('-');
    parts.upstream = version.substr(0, dash);
    if (dash != std::string_view::npos) parts.revision = version.substr(dash + 1);
    return parts;
}

// Of the first character, outside numbers; 0 where that is a digit or the end.
int weight(std::string_view text) {
    if (text.empty() || is_digit(text.front())) return 0;
    if (text.front() == '~') return -1;
    const int code = static_cast<unsigned char>(text.front());
    return is_letter(text.front()) ? code : code + 256;
}

// The digits at the start, without leading zeros.
std::string_view take_number(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto number = text.substr(0, digits);
    text.remove_prefix(digits);
    return number;
}

// By value, however long: the number with more digits is the larger one.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

// In turn what is no number, character by character, and the number after it.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        while (weight(a) != 0 || weight(b) != 0) {
            if (const auto order = weight(a) <=> weight(b); order != 0) return order;
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
        const auto left = take_number(a);
        const auto right = take_number(b);
        if (const auto order = compare_numbers(left, right); order != 0) return order;
    }
    return std::strong_ordering::equal;
}

bool consists_of(std::string_view text, std::string_view marks) {
    return std::ranges::all_of(
        text, [marks](char c) { return is_digit(c) || is_letter(c) || marks.find(c) != std::string_view::npos; });
}

}  // namespace

Result<> check_debian_version(std::string_view version) {
    const auto wrong = [version](std::string_view why) {
        return Error{Errc::malformed,
                     "not a version of a Debian package: " + agent::quoted(version, 80) + ": " + std::string{why}};
    };
    const auto parts = split(version);
    if (version.starts_with(':') || parts.epoch.size() > epoch_digits_most ||
        !std::ranges::all_of(parts.epoch, is_digit))
        return wrong("before the colon there must be a number");
    if (parts.upstream.empty() || !is_digit(parts.upstream.front())) return wrong("it must begin with a digit");
    if (!consists_of(parts.upstream, ".+-~:")) return wrong("only A-Z a-z 0-9 . + - ~ are allowed");
    if (version.ends_with('-') || !consists_of(parts.revision, ".+~"))
        return wrong("after the last - there must be A-Z a-z 0-9 . + ~");
    return ok();
}

std::strong_ordering compare_debian_versions(std::string_view a, std::string_view b) {
    const auto left = split(a);
    const auto right = split(b);
    auto order = compare_parts(left.epoch, right.epoch);
    if (order == 0) order = compare_parts(left.upstream, right.upstream);
    if (order == 0) order = compare_parts(left.revision, right.revision);
    return order;
}

}  // namespace agent
