#pragma once
// YAML (or JSON, which is YAML) as a tree that remembers where each thing stands.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/value.hpp"

namespace agent {

// A fault in a file that people write: "agent.yaml:12: server.poll_interval: not a duration: …".
struct Fault {
    std::string file;
    int line{};  // from 1; 0 where the fault is the file's
    std::string key;
    std::string text;
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const Fault&, const Fault&) = default;
};

class YamlNode {
public:
    enum class Kind : std::uint8_t { null, scalar, sequence, map };
    struct Member;

    Kind kind{Kind::null};
    int line{};        // from 1
    std::string text;  // of a scalar
    bool plain{true};  // a scalar written without quotes: may be a number, a boolean or null
    std::vector<YamlNode> items;
    std::vector<Member> members;  // in file order; names are unique

    // Null if this is no map or has no such member.
    [[nodiscard]] const YamlNode* find(std::string_view name) const noexcept;
    // YAML 1.2 core schema for plain scalars; quoted ones stay strings.
    [[nodiscard]] Value to_value() const;
};

struct YamlNode::Member {
    std::string name;
    int line{};
    YamlNode value;
};

struct YamlFile {
    std::filesystem::path path;
    std::string bytes;  // as read: what a digest is taken of
    YamlNode root;
};

using YamlResult =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<YamlFile, Fault, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

// Reads one document. Refused, with file and line: no such file, over 1 MiB, not UTF-8, a syntax error, duplicate keys,
// anchors and aliases (they make small files huge), more than one document, more than 64 levels.
[[nodiscard]] YamlResult load_yaml(const std::filesystem::path& path);
// The same for text already at hand; `path` is only a name.
[[nodiscard]] YamlResult parse_yaml(std::string bytes, const std::filesystem::path& path);

// `text` as a string of YAML: in double quotes where it could be read as anything else.
[[nodiscard]] std::string yaml_word(std::string_view text);
// On one line; read back, every key of every schema means the same.
[[nodiscard]] std::string write_yaml(const YamlNode& node);

}  // namespace agent
