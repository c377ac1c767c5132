#pragma once
// Reading a map of a YAML file against a schema: all faults are collected, each with file, line and key.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/yaml.hpp"

namespace agent {

using Faults = std::vector<Fault>;

// Reads the members of one map. Each getter gives nothing where the member is absent (or null) or where it is faulty,
// which it then reports. `finish` reports members that no getter asked for, with the nearest known name.
class MapReader {
public:
    // `key` is the dotted path of `node` for messages, empty for the root. A node that is no map is a fault.
    MapReader(const std::filesystem::path& file, const YamlNode& node, std::string key, Faults& faults);

    [[nodiscard]] std::optional<std::string> text(std::string_view name);  // not empty
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
    [[nodiscard]] std::optional<bool> boolean(std::string_view name);
    [[nodiscard]] std::optional<Duration> duration(std::string_view name, Duration least, Duration most);
    [[nodiscard]] std::optional<std::string> one_of(std::string_view name, const std::vector<std::string_view>& words);
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view name);
    // Relative paths are relative to the file that names them.
    [[nodiscard]] std::optional<std::filesystem::path> path(std::string_view name);
    [[nodiscard]] std::optional<std::vector<std::filesystem::path>> paths(std::string_view name);
    // The raw node of a member, for nested maps and lists.
    [[nodiscard]] const YamlNode* node(std::string_view name);

    // Says that a member must be there; use after the getter gave nothing: reports only if it is absent.
    void require(std::string_view name, std::string_view hint = {});
    // A fault of a member (or, if it is absent, of the map).
    void fault(std::string_view name, std::string text);
    void finish();

    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
    [[nodiscard]] std::string key_of(std::string_view name) const;
    [[nodiscard]] Faults& faults() noexcept { return *faults_; }

private:
    [[nodiscard]] const YamlNode* scalar(std::string_view name);
    std::filesystem::path file_;
    const YamlNode* node_;
    std::string key_;
    Faults* faults_;
    std::vector<std::string_view> asked_;
};

}  // namespace agent
