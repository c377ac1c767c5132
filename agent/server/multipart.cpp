#include "server/multipart.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace agent {
namespace {

Error malformed(std::string text) { return Error{Errc::malformed, std::move(text)}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct HeaderValue {
    std::string_view word;  // before the first ';'
    std::vector<std::pair<std::string_view, std::string>> parameters;

    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const {
        for (const auto& [key, value] : parameters)
            if (same_word(key, name)) return value;
        return std::nullopt;
    }
};

// One quoted-string or token from the front of `text`.
Result<std::string> take_parameter_value(std::string_view& text) {
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(';'), text.size());
        std::string value{trimmed(text.substr(0, end))};
        text.remove_prefix(end);
        return value;
    }
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        }
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        value += text[i];
    }
    return malformed("a quoted string without an end in a header of the form");
}

// word *( ";" name "=" value )
Result<HeaderValue> parse_header_value(std::string_view text) {
    HeaderValue header;
    auto end = std::min(text.find(';'), text.size());
    header.word = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    while (!text.empty()) {
        text = trimmed(text.substr(1));
        if (text.empty()) break;
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) return malformed("a header parameter of the form has no value");
        const auto name = trimmed(text.substr(0, equals));
        text.remove_prefix(equals + 1);
        AGENT_TRY(auto value, take_parameter_value(text));
        header.parameters.emplace_back(name, std::move(value));
        text = trimmed(text);
        if (!text.empty() && text.front() != ';')
            return malformed("text behind a quoted string in a header of the form");
    }
    return header;
}

Result<std::string> boundary_of(std::string_view content_type) {
    AGENT_TRY(const auto header, parse_header_value(content_type));
    if (!same_word(header.word, "multipart/form-data"))
        return malformed("the content type is " + quoted(header.word, 64) + ", not multipart/form-data");
    auto boundary = header.parameter("boundary");
    constexpr std::size_t most = 70;  // RFC 2046
    if (!boundary || boundary->empty() || boundary->size() > most ||
        boundary->find_first_of("\r\n") != std::string::npos)
        return malformed("the content type names no boundary of 1 to 70 characters");
    return *std::move(boundary);
}

struct Part {
    std::string name;
    std::string_view content;
};

// The next line of a header that goes on (RFC 5322): white space takes the place of the line end.
std::string_view take_folded(std::string_view& text) {
    const auto end = std::min(text.find("\r\n"), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    return line;
}

Result<Part> parse_part(std::string_view text) {
    std::optional<std::string> name;
    for (;;) {
        const auto end = text.find("\r\n");
        if (end == std::string_view::npos) return malformed("the header of a part has no end");
        std::string line{text.substr(0, end)};
        text.remove_prefix(end + 2);
        if (line.empty()) break;
        while (text.starts_with(' ') || text.starts_with('\t')) line += take_folded(text);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return malformed("a part's header line has no colon");
        if (!same_word(std::string_view{line}.substr(0, colon), "content-disposition")) continue;
        AGENT_TRY(const auto header, parse_header_value(std::string_view{line}.substr(colon + 1)));
        if (name || !same_word(header.word, "form-data")) return malformed("a part's disposition is not form-data");
        name = header.parameter("name");
    }
    if (!name) return malformed("a part has no name");
    return Part{*std::move(name), text};
}

// Cuts the rest of a delimiter's line; false if there is more on it than white space.
bool skip_line_end(std::string_view& body) {
    const auto end = body.find_first_not_of(" \t");
    if (end == std::string_view::npos || body.substr(end, 2) != "\r\n") return false;
    body.remove_prefix(end + 2);
    return true;
}

// The parts between the delimiters, without what RFC 2046 allows before the first and behind the last.
Result<std::vector<Part>> parts_of(std::string_view body, const std::string& boundary) {
    const std::string first = "--" + boundary;
    const std::string delimiter = "\r\n" + first;
    if (body.starts_with(first)) {
        body.remove_prefix(first.size());
    } else {
        const auto begin = body.find(delimiter);
        if (begin == std::string_view::npos) return malformed("the boundary is nowhere in the body");
        body.remove_prefix(begin + delimiter.size());
    }
    std::vector<Part> parts;
    constexpr std::size_t most = 16;
    while (!body.starts_with("--")) {
        if (parts.size() == most) return malformed("more than 16 parts");
        if (!skip_line_end(body)) return malformed("no line end behind a boundary");
        const auto end = body.find(delimiter);
        if (end == std::string_view::npos) return malformed("a part has no end: the closing boundary is missing");
        AGENT_TRY(auto part, parse_part(body.substr(0, end)));
        parts.push_back(std::move(part));
        body.remove_prefix(end + delimiter.size());
    }
    body.remove_prefix(2);
    if (body.find_first_not_of(" \t") != std::string_view::npos && !skip_line_end(body))
        return malformed("no line end behind the closing boundary");
    return parts;
}

}  // namespace

Result<> check_form_type(std::string_view content_type) {
    AGENT_TRY(boundary_of(content_type));
    return ok();
}

Result<EvidenceForm> parse_evidence_form(std::string_view content_type, std::string_view body) {
    AGENT_TRY(const auto boundary, boundary_of(content_type));
    AGENT_TRY(const auto parts, parts_of(body, boundary));
    std::optional<std::string_view> bundle;
    std::optional<std::string_view> signature;
    for (const auto& part : parts) {
        auto* slot = part.name == "bundle" ? &bundle : part.name == "signature" ? &signature : nullptr;
        if (slot == nullptr) continue;
        if (*slot) return malformed("two parts are named " + quoted(part.name, 64));
        *slot = part.content;
    }
    if (!bundle) return malformed("the part bundle is missing");
    if (!signature) return malformed("the part signature is missing");
    constexpr std::size_t signature_bytes = 64;
    if (signature->size() != signature_bytes)
        return malformed("the signature has " + std::to_string(signature->size()) + " bytes, not 64");
    return EvidenceForm{*bundle, *signature};
}

}  // namespace agent
