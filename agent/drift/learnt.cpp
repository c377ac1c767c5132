#include "drift/learnt.hpp"

#include "codec/yaml.hpp"

namespace agent {

void Learnt::say(std::string_view key, std::string_view text) {
    lines += std::string{key} + ": " + yaml_word(text) + '\n';
}

void Learnt::say(std::string_view key, bool value) { lines += std::string{key} + (value ? ": true\n" : ": false\n"); }

void Learnt::say(std::string_view key, const std::vector<std::string>& texts) {
    std::string list;
    for (const auto& text : texts) list += (list.empty() ? "" : ", ") + yaml_word(text);
    lines += std::string{key} + ": [" + list + "]\n";
}

}  // namespace agent
