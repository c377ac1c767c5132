#include "server/request_target.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace agent {
namespace {

enum class PlusSign : std::uint8_t { literal, space };

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<std::string> percent_decode(std::string_view text, PlusSign plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == PlusSign::space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return Error{Errc::malformed, "bad percent-encoding in " + agent::quoted(text)};
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

// Calls `use` with each piece between separators.
template <class Use>
Result<> split(std::string_view text, char separator, Use use) {
    for (;;) {
        const auto end = text.find(separator);
        AGENT_TRY(use(text.substr(0, end)));
        if (end == std::string_view::npos) return ok();
        text.remove_prefix(end + 1);
    }
}

}  // namespace

std::optional<std::string> RequestTarget::parameter(std::string_view name) const {
    const auto found =
        std::find_if(query.begin(), query.end(), [name](const auto& pair) { return pair.first == name; });
    if (found == query.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

Result<RequestTarget> parse_target(std::string_view text) {
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos && scheme < text.find_first_of("/?")) {
        const auto path = text.find('/', scheme + 3);
        text = path == std::string_view::npos ? "/" : text.substr(path);
    }
    if (!text.starts_with('/')) return Error{Errc::malformed, "the request target is no path: " + agent::quoted(text)};
    text = text.substr(0, text.find('#'));
    RequestTarget target;
    const auto question = text.find('?');
    AGENT_TRY(split(text.substr(1, question == std::string_view::npos ? question : question - 1), '/',
                    [&](std::string_view piece) -> Result<> {
                        AGENT_TRY(auto segment, percent_decode(piece, PlusSign::literal));
                        target.segments.push_back(std::move(segment));
                        return ok();
                    }));
    if (question == std::string_view::npos) return target;
    AGENT_TRY(split(text.substr(question + 1), '&', [&](std::string_view piece) -> Result<> {
        if (piece.empty()) return ok();
        const auto equals = piece.find('=');
        const auto written = equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1);
        AGENT_TRY(auto name, percent_decode(piece.substr(0, equals), PlusSign::space));
        AGENT_TRY(auto value, percent_decode(written, PlusSign::space));
        target.query.emplace_back(std::move(name), std::move(value));
        return ok();
    }));
    return target;
}

Result<std::int64_t> clamped_parameter(const RequestTarget& target, std::string_view name,
                                       const IntegerBounds& bounds) {
    const auto text = target.parameter(name);
    if (!text) return bounds.otherwise;
    std::int64_t value{};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc::invalid_argument || end != text->data() + text->size())
        return Error{Errc::malformed, std::string{name} + " is no integer: " + agent::quoted(*text)};
    if (error == std::errc::result_out_of_range) return text->starts_with('-') ? bounds.least : bounds.most;
    return std::clamp(value, bounds.least, bounds.most);
}

}  // namespace agent
