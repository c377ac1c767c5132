// YAML as people write it: every node stands on a line of the text, and names in a map are unique.
#include <algorithm>
#include <set>

#include "codec/json.hpp"
#include "codec/yaml.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace agent;
using testing::must;

void look_at(const YamlNode& node, int lines) {
    must(node.line >= 1 && node.line <= lines, "a node stands on a line of the text");
    for (const auto& item : node.items) look_at(item, lines);
    std::set<std::string_view> names;
    for (const auto& member : node.members) {
        must(names.insert(member.name).second, "names are unique");
        must(node.find(member.name) == &member.value, "a member is found by its name");
        look_at(member.value, lines);
    }
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    const auto lines =
        1 + static_cast<int>(std::count_if(input.begin(), input.end(), [](char c) { return c == '\n' || c == '\r'; }));
    const auto file = parse_yaml(std::string{input}, "fuzz.yaml");
    if (file.has_error()) {
        must(file.error().line >= 0 && file.error().line <= lines, "a fault stands on a line of the text");
        return must(!file.error().to_string().empty(), "a fault has words");
    }
    must(file.value().bytes == input, "the bytes are kept");
    look_at(file.value().root, lines);
    static_cast<void>(write_json(file.value().root.to_value()));
}
