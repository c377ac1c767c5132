#include "codec/schema.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace agent {
namespace {

// "off" as people and tools write it: YAML 1.1 takes an unquoted off for false, and so writes it as any of these words.
bool means_off(const YamlNode& node) {
    static constexpr std::array always{"off", "Off", "OFF"};
    static constexpr std::array unquoted{"false", "False", "FALSE", "no", "No", "NO", "n", "N"};
    return std::ranges::find(always, node.text) != always.end() ||
           (node.plain && std::ranges::find(unquoted, node.text) != unquoted.end());
}

std::string list_of(const std::vector<std::string_view>& words) {
    std::string text;
    for (const auto word : words) {
        if (!text.empty()) text += ", ";
        text += word;
    }
    return text;
}

}  // namespace

MapReader::MapReader(const std::filesystem::path& file, const YamlNode& node, std::string key, Faults& faults)
    : file_{file}, node_{&node}, key_{std::move(key)}, faults_{&faults} {
    if (node.kind != YamlNode::Kind::map && node.kind != YamlNode::Kind::null)
        faults.push_back({file_.string(), node.line, key_, "must be a map (lines of \"key: value\")"});
}

std::string MapReader::key_of(std::string_view name) const {
    return key_.empty() ? std::string{name} : key_ + '.' + std::string{name};
}

const YamlNode* MapReader::node(std::string_view name) {
    asked_.push_back(name);
    return node_->find(name);
}

const YamlNode* MapReader::scalar(std::string_view name) {
    const auto* member = node(name);
    if (member == nullptr || member->kind == YamlNode::Kind::null) return nullptr;
    if (member->kind == YamlNode::Kind::scalar) return member;
    fault(name, member->kind == YamlNode::Kind::map ? "must be a single value, not a map"
                                                    : "must be a single value, not a list");
    return nullptr;
}

std::optional<std::string> MapReader::text(std::string_view name) {
    const auto* value = scalar(name);
    if (value == nullptr) return std::nullopt;
    if (value->text.empty()) {
        fault(name, "must not be empty");
        return std::nullopt;
    }
    return value->text;
}

std::optional<std::int64_t> MapReader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
    const auto* node = scalar(name);
    if (node == nullptr) return std::nullopt;
    const auto value = node->to_value();
    const auto* number = value.integer();
    if (number == nullptr) {
        fault(name, "not an integer: " + quoted(node->text, 64));
        return std::nullopt;
    }
    if (*number < least || *number > most) {
        fault(name, "out of range: " + std::to_string(*number) + " is not between " + std::to_string(least) + " and " +
                        std::to_string(most));
        return std::nullopt;
    }
    return *number;
}

std::optional<bool> MapReader::boolean(std::string_view name) {
    const auto* node = scalar(name);
    if (node == nullptr) return std::nullopt;
    const auto value = node->to_value();
    if (value.boolean() == nullptr) {
        fault(name, "write true or false, not " + quoted(node->text, 64));
        return std::nullopt;
    }
    return *value.boolean();
}

std::optional<Duration> MapReader::duration(std::string_view name, Duration least, Duration most) {
    const auto* node = scalar(name);
    if (node == nullptr) return std::nullopt;
    auto value = parse_duration(node->text);
    if (value.has_error()) {
        fault(name, value.error().message());
        return std::nullopt;
    }
    if (value.value() < least || value.value() > most) {
        fault(name, "out of range: " + format_duration(value.value()) + " is not between " + format_duration(least) +
                        " and " + format_duration(most));
        return std::nullopt;
    }
    return value.value();
}

std::optional<std::string> MapReader::one_of(std::string_view name, const std::vector<std::string_view>& words) {
    const auto* node = scalar(name);
    if (node == nullptr) return std::nullopt;
    const auto has = [&words](std::string_view word) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (has(node->text)) return node->text;
    if (has("off") && means_off(*node)) return "off";
    std::string text = quoted(node->text, 64) + " is not one of " + list_of(words);
    if (const auto meant = nearest(node->text, words); !meant.empty()) text += "; did you mean " + quoted(meant) + "?";
    fault(name, std::move(text));
    return std::nullopt;
}

std::optional<std::vector<std::string>> MapReader::texts(std::string_view name) {
    const auto* list = node(name);
    if (list == nullptr || list->kind == YamlNode::Kind::null) return std::nullopt;
    if (list->kind != YamlNode::Kind::sequence) {
        fault(name, "must be a list, for example [a, b]");
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool sound = true;
    for (const auto& item : list->items) {
        if (item.kind == YamlNode::Kind::scalar && !item.text.empty()) {
            texts.push_back(item.text);
            continue;
        }
        sound = false;
        faults_->push_back({file_.string(), item.line, key_of(name), "an item must be a single value, not empty"});
    }
    if (!sound) return std::nullopt;
    return texts;
}

std::optional<std::filesystem::path> MapReader::path(std::string_view name) {
    const auto written = text(name);
    if (!written) return std::nullopt;
    return (file_.parent_path() / *written).lexically_normal();
}

std::optional<std::vector<std::filesystem::path>> MapReader::paths(std::string_view name) {
    const auto written = texts(name);
    if (!written) return std::nullopt;
    std::vector<std::filesystem::path> paths;
    for (const auto& item : *written) paths.push_back((file_.parent_path() / item).lexically_normal());
    return paths;
}

void MapReader::require(std::string_view name, std::string_view hint) {
    const auto* member = node(name);
    if (member != nullptr && member->kind != YamlNode::Kind::null) return;
    fault(name, hint.empty() ? "missing" : "missing; " + std::string{hint});
}

void MapReader::fault(std::string_view name, std::string text) {
    int line = node_->line;
    for (const auto& member : node_->members)
        if (member.name == name) line = member.line;
    faults_->push_back({file_.string(), line, key_of(name), std::move(text)});
}

void MapReader::finish() {
    for (const auto& member : node_->members) {
        if (std::find(asked_.begin(), asked_.end(), member.name) != asked_.end()) continue;
        std::string text = "unknown key";
        if (const auto meant = nearest(member.name, asked_); !meant.empty())
            text += "; did you mean " + quoted(meant) + "?";
        faults_->push_back({file_.string(), member.line, key_of(member.name), std::move(text)});
    }
}

}  // namespace agent
