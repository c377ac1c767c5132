#include "drift/custom/sysctl_key.hpp"

#include <algorithm>

#include "drift/fields.hpp"

namespace agent {
namespace {

// sysctl(8): whichever of '.' and '/' comes first parts the names, and the other stands for the first inside of one.
std::string file_of_key(std::string key) {
    const auto first = key.find_first_of("./");
    if (first == std::string::npos || key[first] == '/') return key;
    for (auto& c : key) {
        if (c == '.')
            c = '/';
        else if (c == '/')
            c = '.';
    }
    return key;
}

bool is_key(std::string_view key) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"._-/:@"}.find(c) != std::string_view::npos;
    };
    if (!std::all_of(key.begin(), key.end(), is_allowed)) return false;
    const auto file = file_of_key(std::string{key});
    const auto names = fields_of(file, '/');
    const auto is_name = [](std::string_view name) { return !name.empty() && name != "." && name != ".."; };
    return !names.empty() && std::all_of(names.begin(), names.end(), is_name);
}

}  // namespace

std::optional<std::filesystem::path> sysctl_file(const std::string& key) {
    if (!is_key(key)) return std::nullopt;
    return file_of_key(key);
}

std::string one_spaced(std::string_view text) {
    std::string value;
    for (const auto word : words_of(text)) value += (value.empty() ? "" : " ") + std::string{word};
    return value;
}

}  // namespace agent
