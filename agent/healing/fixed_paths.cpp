#include "healing/fixed_paths.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace agent {
namespace {

bool is_sound(const std::filesystem::path& path) {
    return path.is_absolute() && path.native().find("{{") == std::string::npos &&
           std::none_of(path.begin(), path.end(), [](const auto& part) { return part == "." || part == ".."; });
}

}  // namespace

std::vector<std::filesystem::path> read_fixed_paths(MapReader& step, std::string_view key, std::size_t most) {
    std::vector<std::filesystem::path> paths;
    const auto listed = step.texts(key);
    if (!listed) return paths;
    if (listed->empty() || listed->size() > most)
        step.fault(key, "must be a list of 1 to " + std::to_string(most) + " paths");
    for (const auto& text : *listed) {
        std::filesystem::path path{text};
        if (path != path.root_path() && !path.has_filename()) path = path.parent_path();  // "/srv/"
        if (!is_sound(path))
            step.fault(key, "must be absolute, without \".\", \"..\" and parameters: " + agent::quoted(text));
        else
            paths.push_back(std::move(path));
    }
    return paths;
}

Value value_of(const std::vector<std::filesystem::path>& paths) {
    Value::Array items;
    for (const auto& path : paths) items.emplace_back(path.native());
    return items;
}

std::vector<std::string> argv_of(const Command& command) {
    std::vector<std::string> argv{command.program.native()};
    argv.insert(argv.end(), command.arguments.begin(), command.arguments.end());
    return argv;
}

}  // namespace agent
