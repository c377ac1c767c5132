// The target of a request: taken apart and put together again, percent-encoded throughout, it is the same.
#include "fuzz/fuzz.hpp"
#include "server/request_target.hpp"

namespace {

std::string encode(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    const auto target = parse_target(input);
    if (target.has_error()) return must(target.error().code() == Errc::malformed, "a refusal is malformed");
    must(!target.value().segments.empty(), "a path has a segment");
    std::string text;
    for (const auto& segment : target.value().segments) text.append("/").append(encode(segment));
    text += '?';
    for (const auto& [name, value] : target.value().query)
        text.append(encode(name)).append("=").append(encode(value)).append("&");
    const auto again = parse_target(text);
    must(again.has_value(), "what is encoded can be read");
    must(again.value().segments == target.value().segments, "the path stays");
    must(again.value().query == target.value().query, "the query stays");
    constexpr IntegerBounds bounds{.least = 0, .most = 60, .otherwise = 25};
    const auto wait = clamped_parameter(target.value(), "wait", bounds);
    must(wait.has_error() || (wait.value() >= bounds.least && wait.value() <= bounds.most), "a number is clamped");
}
