// Writing YAML: words and lines that are read back as they were.
#include <algorithm>
#include <array>
#include <cstdio>

#include "codec/yaml.hpp"

namespace agent {
namespace {

// Without quotes only what no place of a document gives another meaning.
bool is_plain_word(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const auto is_allowed = [&](char c) {
        return is_letter(c) || std::string_view{"_./-+"}.find(c) != std::string_view::npos;
    };
    return !text.empty() && (is_letter(text.front()) || text.front() == '/') &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

// "off", "no" and their like mean something to other readers of YAML.
bool is_taken_for_a_boolean(std::string_view text) {
    static constexpr std::array words{"y", "n", "yes", "no", "on", "off"};
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::find(words.begin(), words.end(), lower) != words.end();
}

YamlNode plain_scalar(std::string_view text) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = text;
    return node;
}

std::string in_quotes(std::string_view text) {
    std::string quotes{'"'};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') quotes += '\\';
        if (byte >= 0x20 && byte != 0x7f) {
            quotes += c;
            continue;
        }
        std::array<char, 8> escape{};
        std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned>(byte));
        quotes += escape.data();
    }
    return quotes + '"';
}

std::string write_scalar(const YamlNode& node) {
    const bool is_number_or_boolean = node.plain && node.to_value().string() == nullptr;
    // A word like "off" was read by its lack of quotes too.
    if (is_number_or_boolean || (node.plain && is_plain_word(node.text))) return node.text;
    return node.plain ? in_quotes(node.text) : yaml_word(node.text);
}

}  // namespace

std::string yaml_word(std::string_view text) {
    const bool is_safe =
        is_plain_word(text) && !is_taken_for_a_boolean(text) && plain_scalar(text).to_value().string() != nullptr;
    return is_safe ? std::string{text} : in_quotes(text);
}

std::string write_yaml(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::null: return "null";
        case YamlNode::Kind::scalar: return write_scalar(node);
        case YamlNode::Kind::sequence: {
            std::string text;
            for (const auto& item : node.items) text += (text.empty() ? "" : ", ") + write_yaml(item);
            return '[' + text + ']';
        }
        case YamlNode::Kind::map: {
            std::string text;
            for (const auto& member : node.members)
                text += (text.empty() ? "" : ", ") + yaml_word(member.name) + ": " + write_yaml(member.value);
            return '{' + text + '}';
        }
    }
    return {};
}

}  // namespace agent
