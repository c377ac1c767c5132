#include "drift/patching/process_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace agent {
namespace {

// Where packages put programs and libraries; with a merged /usr the kernel tells the first of each pair.
constexpr std::array<std::string_view, 5> system_folders{"/usr/", "/lib", "/bin/", "/sbin/", "/opt/"};
constexpr std::array<std::string_view, 6> unit_kinds{".service", ".scope", ".socket", ".mount", ".swap", ".timer"};
constexpr std::string_view deleted{" (deleted)"};

std::string_view take_until(std::string_view& text, char mark) {
    const auto taken = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), taken.size() + 1));
    return taken;
}

bool is_of_system(std::string_view path) {
    return std::any_of(system_folders.begin(), system_folders.end(),
                       [path](std::string_view folder) { return path.starts_with(folder); });
}

// ADDRESS PERMISSIONS OFFSET DEVICE INODE, blanks, PATH: the path, where it is code.
std::string_view code_in(std::string_view line) {
    take_until(line, ' ');
    const auto permissions = take_until(line, ' ');
    if (permissions.find('x') == std::string_view::npos) return {};
    for (int member = 0; member < 3; ++member) take_until(line, ' ');
    return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

// systemd.unit(5)
bool is_unit_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    constexpr std::string_view marks{":-_.\\@"};
    const auto is_allowed = [marks](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    };
    return name.size() <= longest && std::all_of(name.begin(), name.end(), is_allowed) &&
           std::any_of(unit_kinds.begin(), unit_kinds.end(),
                       [name](std::string_view kind) { return name.size() > kind.size() && name.ends_with(kind); });
}

bool is_slice_of_user(std::string_view name) {
    constexpr std::string_view start{"user-"};
    constexpr std::string_view end{".slice"};
    if (name.size() <= start.size() + end.size() || !name.starts_with(start) || !name.ends_with(end)) return false;
    const auto number = name.substr(start.size(), name.size() - start.size() - end.size());
    return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string unit_in_path(std::string_view path) {
    while (!path.empty()) {
        const auto name = take_until(path, '/');
        if (is_slice_of_user(name) || is_unit_name(name)) return std::string{name};
    }
    return {};
}

}  // namespace

void collect_deleted_code(std::string_view maps, std::set<std::string>& paths) {
    while (!maps.empty()) {
        const auto line = take_until(maps, '\n');
        if (!line.ends_with(deleted)) continue;
        auto path = code_in(line);
        if (path.size() <= deleted.size() || !is_of_system(path)) continue;
        path.remove_suffix(deleted.size());
        paths.emplace(path);
    }
}

std::string unit_of_cgroup(std::string_view cgroup) {
    while (!cgroup.empty()) {
        auto line = take_until(cgroup, '\n');
        take_until(line, ':');
        const auto controllers = take_until(line, ':');
        // The second hierarchy's one line, or that of systemd's own where the first is in use.
        if (!controllers.empty() && controllers != "name=systemd") continue;
        if (auto unit = unit_in_path(line); !unit.empty()) return unit;
    }
    return {};
}

std::optional<std::uint64_t> start_ticks(std::string_view stat) {
    // The name may hold blanks and brackets itself; member 3 follows the last one.
    constexpr int between = 22 - 3;
    const auto name_end = stat.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    auto rest = stat.substr(name_end + 2);
    for (int member = 0; member < between; ++member) take_until(rest, ' ');
    std::uint64_t ticks{};
    const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
    const bool whole = end == rest.data() + rest.size() || *end == ' ' || *end == '\n';
    if (failed != std::errc{} || !whole) return std::nullopt;
    return ticks;
}

}  // namespace agent
