#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <vector>

#include "base/utf8.hpp"

namespace agent {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row.back();
}

// Characters beyond ASCII that a terminal or a reader may take for something else than themselves: C1 controls,
// directional marks and overrides, line and paragraph separators, byte order marks.
bool is_treacherous(std::string_view character) {
    if (character.size() == 2) return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
    if (character.starts_with("\xE2\x80")) {
        const auto last = static_cast<unsigned char>(character[2]);
        return (last >= 0x8B && last <= 0x8F) || (last >= 0xA8 && last <= 0xAE);
    }
    if (character.starts_with("\xE2\x81"))
        return static_cast<unsigned char>(character[2]) >= 0xA0 && static_cast<unsigned char>(character[2]) <= 0xAF;
    return character == "\xEF\xBB\xBF";
}

// `character` is one of UTF-8, or a single byte that begins none.
void append_safely(std::string& out, std::string_view character) {
    const auto first = static_cast<unsigned char>(character.front());
    const bool plain = first < 0x80 ? first >= 0x20 && first != 0x7F : character.size() > 1;
    if (character == "\"" || character == "\\") {
        out += '\\';
        out += character;
    } else if (character == "\n") {
        out += "\\n";
    } else if (plain && !is_treacherous(character)) {
        out += character;
    } else {
        for (const char c : character) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\x%02x",
                          static_cast<unsigned>(static_cast<unsigned char>(c)));
            out += escape.data();
        }
    }
}

}  // namespace

std::string quoted(std::string_view text, std::size_t most) {
    std::string out{'"'};
    const bool cut = text.size() > most;
    if (cut) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
        text = text.substr(0, most);
    }
    while (!text.empty()) {
        const auto length = std::max<std::size_t>(utf8_length(text), 1);
        append_safely(out, text.substr(0, length));
        text.remove_prefix(length);
    }
    if (cut) out += "…";
    return out + '"';
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
    std::string_view best;
    std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (const auto candidate : known) {
        const auto distance = edit_distance(name, candidate);
        if (distance < least) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

bool is_name(std::string_view text, std::size_t least, std::size_t most) noexcept {
    return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '_' || c == '-';
           });
}

}  // namespace agent
