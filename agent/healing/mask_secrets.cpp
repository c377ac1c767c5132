#include "healing/mask_secrets.hpp"

#include <algorithm>
#include <array>

#include "drift/backup/backup_tool.hpp"

namespace agent {
namespace {

constexpr std::string_view mask_blanks{" \t"};
constexpr std::string_view mask_quotes{"\"'"};

// In lower case and with '_' for '-'.
constexpr std::array<std::string_view, 14> secret_names{
    "password", "passwd",     "passphrase", "secret",      "token",       "api_key",    "apikey",
    "_pass",    "access_key", "secret_key", "private_key", "account_key", "credential", "credentials"};
constexpr std::array<std::string_view, 4> header_names{"authorization", "proxy_authorization", "cookie", "set_cookie"};
constexpr std::array<std::string_view, 6> schemes{"Basic ", "Bearer ", "Digest ", "Negotiate ", "Token ", "AWS4-HMAC"};
// Values that say whether there is a secret, not which.
constexpr std::array<std::string_view, 8> harmless_values{"yes", "no", "true", "false", "none", "null", "(null)", "ok"};

bool is_name_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string plain_name(std::string_view name) {
    std::string plain{name};
    std::transform(plain.begin(), plain.end(), plain.begin(), [](char c) {
        if (c == '-') return '_';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return plain;
}

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool names_secret(const std::string& name) {
    return name == "pass" || std::any_of(secret_names.begin(), secret_names.end(),
                                         [&name](std::string_view secret) { return name.ends_with(secret); });
}

// What stands before a separator at `at`.
struct NameBefore {
    std::string name;
    bool is_quoted{};    // "password": the quote is closed
    bool opens_quote{};  // 'Authorization: the quote goes on behind it
    bool begins_line{};  // but for what YAML and diffs put there
    char quote{};
};

NameBefore name_before(std::string_view line, std::size_t at) {
    NameBefore found;
    auto end = line.find_last_not_of(mask_blanks, at - 1);
    if (at == 0 || end == std::string_view::npos) return found;
    found.is_quoted = mask_quotes.find(line[end]) != std::string_view::npos;
    if (!found.is_quoted) ++end;
    auto begin = end;
    while (begin > 0 && is_name_character(line[begin - 1])) --begin;
    while (begin < end && line[begin] == '-') ++begin;  // --password=
    found.name = plain_name(line.substr(begin, end - begin));
    if (begin > 0 && mask_quotes.find(line[begin - 1]) != std::string_view::npos) {
        found.quote = line[begin - 1];
        found.opens_quote = !found.is_quoted;
    }
    found.begins_line = line.substr(0, begin).find_first_not_of(" \t\"'-+<>*") == std::string_view::npos;
    return found;
}

// Where a quoted text that begins before `from` ends.
std::size_t end_of_quoted(std::string_view line, std::size_t from, char quote) {
    for (auto at = from; at < line.size(); ++at) {
        if (line[at] == '\\')
            ++at;
        else if (line[at] == quote)
            return at;
    }
    return line.size();
}

struct ValueSpan {
    std::size_t begin{};
    std::size_t end{};
};

ValueSpan header_value(std::string_view line, std::size_t begin, const NameBefore& name) {
    const auto end = name.opens_quote ? end_of_quoted(line, begin, name.quote) : line.size();
    const auto value = line.substr(begin, end - begin);
    const bool has_scheme = std::any_of(schemes.begin(), schemes.end(),
                                        [value](std::string_view scheme) { return value.starts_with(scheme); });
    if (!has_scheme && !name.opens_quote && !name.begins_line) return {};
    return {begin, end};
}

// Empty where what stands at `at` separates no secret from its name.
ValueSpan secret_behind(std::string_view line, std::size_t at) {
    const auto name = name_before(line, at);
    const auto begin = std::min(line.find_first_not_of(mask_blanks, at + 1), line.size());
    if (name.name.empty() || begin == line.size()) return {};
    const bool is_equals = line[at] == '=';
    if (!is_equals && is_one_of(header_names, name.name)) return header_value(line, begin, name);
    if (!names_secret(name.name)) return {};
    if (is_equals && line[begin] == '=') return {};
    if (!is_equals && !name.is_quoted && !name.opens_quote && !name.begins_line) return {};
    if (mask_quotes.find(line[begin]) != std::string_view::npos)
        return {begin + 1, end_of_quoted(line, begin + 1, line[begin])};
    if (name.opens_quote) return {begin, end_of_quoted(line, begin, name.quote)};
    if (name.is_quoted) return {begin, std::min(line.find_first_of(",}] \t", begin), line.size())};
    if (is_equals) return {begin, std::min(line.find_first_of(" \t\"'", begin), line.size())};
    return {begin, line.size()};
}

std::string mask_line(std::string_view line) {
    std::string masked;
    std::size_t done = 0;
    for (auto at = line.find_first_of("=:"); at != std::string_view::npos; at = line.find_first_of("=:", at + 1)) {
        const auto value = secret_behind(line, at);
        auto word = line.substr(value.begin, value.end - value.begin);
        if (word.ends_with('\r')) word.remove_suffix(1);
        if (word.empty() || is_one_of(harmless_values, plain_name(word))) continue;
        masked.append(line.substr(done, value.begin - done)).append(secret_mask);
        done = value.begin + word.size();
        at = std::max(at, done - 1);
    }
    return masked.append(line.substr(done));
}

bool is_base64_line(std::string_view line) {
    return !line.empty() && std::all_of(line.begin(), line.end(), [](char c) {
        return (is_name_character(c) && c != '_' && c != '-') || c == '+' || c == '/' || c == '=' || c == '\r';
    });
}

// Where the lines begin that only a key can be, before its last line at `end`.
std::size_t begin_of_key(std::string_view text, std::size_t end) {
    auto begin = end;
    while (begin > 0) {
        const auto feed = begin >= 2 ? text.rfind('\n', begin - 2) : std::string_view::npos;
        const auto line = feed == std::string_view::npos ? 0 : feed + 1;
        if (!is_base64_line(text.substr(line, begin - 1 - line))) break;
        begin = line;
    }
    return begin;
}

// "-----BEGIN … PRIVATE KEY-----" from `from` on, or its END.
std::size_t find_key_mark(std::string_view text, std::string_view mark, std::size_t from) {
    for (auto at = text.find(mark, from); at != std::string_view::npos; at = text.find(mark, at + 1)) {
        const auto line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
        if (line.find("PRIVATE KEY") != std::string_view::npos) return at;
    }
    return std::string_view::npos;
}

std::string mask_keys(std::string_view text) {
    std::string masked;
    while (!text.empty()) {
        const auto begin = find_key_mark(text, "-----BEGIN ", 0);
        const auto end = find_key_mark(text, "-----END ", 0);
        if (begin == std::string_view::npos && end == std::string_view::npos) break;
        if (begin != std::string_view::npos && (end == std::string_view::npos || begin < end)) {
            const auto inside = std::min(text.find('\n', begin), text.size());
            masked.append(text.substr(0, inside)).append("\n").append(secret_mask).append("\n");
            text.remove_prefix(end == std::string_view::npos ? text.size() : end);
        } else {
            const auto inside = begin_of_key(text, end);
            masked.append(text.substr(0, inside));
            if (inside != end) masked.append(secret_mask).append("\n");
            text.remove_prefix(end);
        }
        const auto rest = std::min(text.find('\n'), text.size());
        masked.append(text.substr(0, rest));
        text.remove_prefix(rest);
    }
    return masked.append(text);
}

}  // namespace

std::string mask_secrets(std::string_view text) {
    const auto clean = mask_keys(without_password(text));
    std::string masked;
    for (std::string_view rest{clean}; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        masked += mask_line(line);
        rest.remove_prefix(line.size());
        if (rest.empty()) break;
        masked += '\n';
        rest.remove_prefix(1);
    }
    return masked;
}

}  // namespace agent
