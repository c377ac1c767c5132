#pragma once
// Lines of files like those of /proc and /etc, cut into their fields.
#include <optional>
#include <string_view>
#include <vector>

namespace agent {

// What stands between runs of blanks.
[[nodiscard]] inline std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view blank = " \t\r\n";
    std::vector<std::string_view> words;
    for (auto begin = line.find_first_not_of(blank); begin != std::string_view::npos;
         begin = line.find_first_not_of(blank)) {
        line.remove_prefix(begin);
        const auto end = line.find_first_of(blank);
        words.push_back(line.substr(0, end));
        line.remove_prefix(words.back().size());
    }
    return words;
}

// What stands between separators, empty fields included; of an empty text nothing.
[[nodiscard]] inline std::vector<std::string_view> fields_of(std::string_view text, char separator) {
    std::vector<std::string_view> fields;
    while (!text.empty()) {
        const auto end = text.find(separator);
        fields.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return fields;
        text.remove_prefix(end + 1);
        if (text.empty() && separator != '\n') fields.emplace_back();
    }
    return fields;
}

// The value of "Name: value", as Debian's control files have it, if `line` is of that name.
[[nodiscard]] inline std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
    if (!line.starts_with(name) || line.substr(name.size(), 2) != ": ") return std::nullopt;
    return line.substr(name.size() + 2);
}

}  // namespace agent
