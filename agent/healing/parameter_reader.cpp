// The member `params` of a runbook file.
#include <regex>

#include "base/text.hpp"
#include "healing/parameters.hpp"

namespace agent {
namespace {

constexpr std::size_t pattern_most = 256;
constexpr std::size_t parameters_most = 32;
constexpr std::int64_t length_most = 4096;

bool is_parameter_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && !(name.front() >= '0' && name.front() <= '9') &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               std::string_view::npos;
}

void read_pattern(MapReader& reader, Parameter& parameter) {
    parameter.pattern = reader.text("pattern");
    if (!parameter.pattern) return;
    if (parameter.type != Parameter::Type::string) reader.fault("pattern", "only a string can have a pattern");
    if (parameter.pattern->size() > pattern_most) {
        reader.fault("pattern", "longer than " + std::to_string(pattern_most) + " bytes");
        return;
    }
    try {
        const std::regex tried{*parameter.pattern, std::regex::ECMAScript | std::regex_constants::__polynomial};
    } catch (const std::regex_error& error) {
        reader.fault("pattern", "not a regular expression (ECMAScript, without back-references): " +
                                    agent::quoted(*parameter.pattern) + ": " + error.what());
    }
}

void read_bounds(MapReader& reader, Parameter& parameter) {
    const auto minimum = reader.integer("minimum", INT64_MIN, INT64_MAX);
    const auto maximum = reader.integer("maximum", INT64_MIN, INT64_MAX);
    const auto shortest = reader.integer("min_length", 0, length_most);
    const auto longest = reader.integer("max_length", 0, length_most);
    if (minimum && parameter.type != Parameter::Type::integer) reader.fault("minimum", "only of an integer");
    if (maximum && parameter.type != Parameter::Type::integer) reader.fault("maximum", "only of an integer");
    if (shortest && parameter.type != Parameter::Type::string) reader.fault("min_length", "only of a string");
    if (longest && parameter.type != Parameter::Type::string) reader.fault("max_length", "only of a string");
    if (minimum) parameter.least = *minimum;
    if (maximum) parameter.most = *maximum;
    if (shortest) parameter.shortest = static_cast<std::size_t>(*shortest);
    if (longest) parameter.longest = static_cast<std::size_t>(*longest);
    if (parameter.least > parameter.most) reader.fault("maximum", "is less than minimum");
    if (parameter.shortest > parameter.longest) reader.fault("max_length", "is less than min_length (256 if not set)");
}

// A word of `enum` or the default must itself be a value that may be given.
void check_own(MapReader& reader, const Parameter& parameter, const Value& value, int line, std::string_view key) {
    auto allowed = parameter.check(value);
    if (allowed.has_value()) return;
    std::string text = allowed.error().message();
    if (parameter.type == Parameter::Type::string && value.string() == nullptr) text += "; put it in quotes";
    reader.faults().push_back({reader.file().string(), line, reader.key_of(key), std::move(text)});
}

void read_enum(MapReader& reader, Parameter& parameter) {
    const auto* list = reader.node("enum");
    if (list == nullptr || list->kind == YamlNode::Kind::null) return;
    if (list->kind != YamlNode::Kind::sequence || list->items.empty()) {
        reader.fault("enum", "must be a list, for example [a, b]");
        return;
    }
    std::vector<Value> words;
    for (const auto& item : list->items) {
        words.push_back(item.to_value());
        check_own(reader, parameter, words.back(), item.line, "enum");
    }
    parameter.allowed = std::move(words);
}

Parameter read_parameter(const YamlNode::Member& member, MapReader& runbook, const std::string& key) {
    MapReader reader{runbook.file(), member.value, key, runbook.faults()};
    const auto before = runbook.faults().size();
    Parameter parameter;
    parameter.name = member.name;
    const auto type = reader.one_of("type", {"string", "integer", "boolean"});
    reader.require("type", "one of string, integer, boolean");
    if (type == "integer") parameter.type = Parameter::Type::integer;
    if (type == "boolean") parameter.type = Parameter::Type::boolean;
    parameter.description = reader.text("description").value_or("");
    read_pattern(reader, parameter);
    read_bounds(reader, parameter);
    // Values are only measured against rules that are sound themselves.
    if (runbook.faults().size() == before) read_enum(reader, parameter);
    static_cast<void>(reader.node("enum"));
    const auto* fallback = reader.node("default");
    if (fallback != nullptr && fallback->kind != YamlNode::Kind::null) {
        parameter.fallback = fallback->to_value();
        if (runbook.faults().size() == before)
            check_own(reader, parameter, *parameter.fallback, fallback->line, "default");
    }
    reader.finish();
    return parameter;
}

}  // namespace

ParameterSchema ParameterSchema::read(MapReader& runbook) {
    ParameterSchema schema;
    const auto* params = runbook.node("params");
    if (params == nullptr || params->kind == YamlNode::Kind::null) return schema;
    if (params->kind != YamlNode::Kind::map) {
        runbook.fault("params", "must be a map of NAME: {type: …}");
        return schema;
    }
    if (params->members.size() > parameters_most)
        runbook.fault("params", "more than " + std::to_string(parameters_most) + " parameters");
    for (const auto& member : params->members) {
        const auto key = "params." + member.name;
        if (!is_parameter_name(member.name))
            runbook.faults().push_back({runbook.file().string(), member.line, key,
                                        "a parameter's name is letters, digits and _, not beginning with a digit"});
        schema.parameters.push_back(read_parameter(member, runbook, key));
    }
    return schema;
}

}  // namespace agent
