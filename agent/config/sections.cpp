#include "config/sections.hpp"

#include <algorithm>

namespace agent {

int line_of(MapReader& in, std::string_view name) {
    const auto* node = in.node(name);
    return node == nullptr ? 0 : node->line;
}

std::filesystem::path required_file(MapReader& in, std::string_view name, FileDuty duty,
                                    std::vector<NamedFile>& files) {
    auto path = in.path(name);
    in.require(name, "name a file");
    if (!path) return {};
    files.push_back({*path, duty, in.key_of(name), line_of(in, name)});
    return *std::move(path);
}

void read_file_name(MapReader& in, std::string_view name, FileDuty duty, std::filesystem::path& path,
                    std::vector<NamedFile>& files) {
    const auto written = in.path(name);
    assign(path, written);
    files.push_back({path, duty, in.key_of(name), written ? line_of(in, name) : 0});
}

std::vector<std::filesystem::path> read_key_list(MapReader& in, std::string_view name, std::vector<NamedFile>& files) {
    auto paths = in.paths(name);
    if (!paths) return {};
    const auto* node = in.node(name);
    for (std::size_t i = 0; i < paths->size(); ++i)
        files.push_back(
            {(*paths)[i], FileDuty::public_key, in.key_of(name) + '[' + std::to_string(i) + ']', node->items[i].line});
    return *std::move(paths);
}

void read_min_tls(MapReader& in, TlsVersion& least) {
    if (const auto version = in.one_of("min_tls", {"1.2", "1.3"}))
        least = *version == "1.2" ? TlsVersion::tls12 : TlsVersion::tls13;
}

void read_log(MapReader& in, LogLevel& level, LogTarget& target) {
    static const std::vector<std::string_view> levels{"debug", "info", "warning", "error"};  // as LogLevel
    static const std::vector<std::string_view> targets{"auto", "journald", "stderr"};        // as LogTarget
    const auto index_in = [](const std::vector<std::string_view>& words, const std::string& word) {
        return std::find(words.begin(), words.end(), word) - words.begin();
    };
    if (const auto word = in.one_of("level", levels)) level = static_cast<LogLevel>(index_in(levels, *word));
    if (const auto word = in.one_of("target", targets)) target = static_cast<LogTarget>(index_in(targets, *word));
}

void sort_by_line(Faults& faults) {
    std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) { return a.line < b.line; });
}

}  // namespace agent
