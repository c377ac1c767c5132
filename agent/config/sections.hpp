#pragma once
// What agent.yaml and server.yaml have in common; for the two readers of this folder.
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "codec/schema.hpp"
#include "config/file_checks.hpp"

namespace agent {

// A value that is given and sound replaces the default.
template <class T, class U>
void assign(T& target, std::optional<U> value) {
    if (value) target = *std::move(value);
}

// Reads the map under `name` with `read(MapReader&)`. An absent one is read like an empty one, so that what is required
// in it is reported; one that is no map is one fault, not many.
template <class Read>
void in_section(MapReader& parent, std::string_view name, Read read) {
    static const YamlNode absent;
    const auto* node = parent.node(name);
    MapReader section{parent.file(), node == nullptr ? absent : *node, parent.key_of(name), parent.faults()};
    if (node != nullptr && node->kind != YamlNode::Kind::map && node->kind != YamlNode::Kind::null) return;
    read(section);
    section.finish();
}

// The line of a member, 0 where it is absent.
[[nodiscard]] int line_of(MapReader& in, std::string_view name);

// A file that must be named. What it must hold is noted in `files` for later.
[[nodiscard]] std::filesystem::path required_file(MapReader& in, std::string_view name, FileDuty duty,
                                                  std::vector<NamedFile>& files);
// The same with a default.
void read_file_name(MapReader& in, std::string_view name, FileDuty duty, std::filesystem::path& path,
                    std::vector<NamedFile>& files);
[[nodiscard]] std::vector<std::filesystem::path> read_key_list(MapReader& in, std::string_view name,
                                                               std::vector<NamedFile>& files);

void read_min_tls(MapReader& in, TlsVersion& least);
void read_log(MapReader& in, LogLevel& level, LogTarget& target);

// The one order in which people want to read them.
void sort_by_line(Faults& faults);

}  // namespace agent
