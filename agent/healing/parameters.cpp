#include "healing/parameters.hpp"

#include <algorithm>
#include <regex>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "codec/json.hpp"

namespace agent {
namespace {

Error not_allowed(std::string why) { return {Errc::malformed, std::move(why)}; }

std::string_view type_word(Parameter::Type type) {
    switch (type) {
        case Parameter::Type::string: return "a string";
        case Parameter::Type::integer: return "an integer";
        case Parameter::Type::boolean: return "true or false";
    }
    return {};
}

bool has_type(const Value& value, Parameter::Type type) {
    switch (type) {
        case Parameter::Type::string: return value.string() != nullptr;
        case Parameter::Type::integer: return value.integer() != nullptr;
        case Parameter::Type::boolean: return value.boolean() != nullptr;
    }
    return false;
}

// C0, DEL, C1, line and paragraph separators, and the marks that turn the direction of writing: what could make a log
// or a review show something else than what is done. `text` is UTF-8.
bool has_control_characters(std::string_view text) {
    const auto byte_at = [text](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = byte_at(i);
        if (byte < 0x20 || byte == 0x7F) return true;
        if (byte == 0xC2 && byte_at(i + 1) < 0xA0) return true;  // U+0080 to U+009F
        if (byte != 0xE2) continue;
        const auto second = byte_at(i + 1);
        const auto third = byte_at(i + 2);
        if (second == 0x80 && third >= 0xA8 && third <= 0xAE) return true;  // U+2028, U+2029, U+202A to U+202E
        if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return true;  // U+2066 to U+2069
    }
    return false;
}

// The pattern was tried out when it was loaded. The polynomial matcher has no back-references and takes no exponential
// time, whatever the pattern.
bool matches(const std::string& text, const std::string& pattern) {
    try {
        return std::regex_match(text, std::regex{pattern, std::regex::ECMAScript | std::regex_constants::__polynomial});
    } catch (const std::regex_error&) {
        return false;
    }
}

Result<> check_string(const Parameter& rule, const std::string& text) {
    if (invalid_utf8_at(text) != std::string_view::npos) return not_allowed("is not UTF-8");
    if (has_control_characters(text)) return not_allowed("has a control character: " + quoted(text, 64));
    if (text.size() < rule.shortest || text.size() > rule.longest)
        return not_allowed("has " + std::to_string(text.size()) + " bytes, not " + std::to_string(rule.shortest) +
                           " to " + std::to_string(rule.longest));
    if (rule.pattern && !matches(text, *rule.pattern))
        return not_allowed(quoted(text, 64) + " does not match the pattern " + agent::quoted(*rule.pattern));
    return ok();
}

}  // namespace

std::string argument_text(const Value& value) {
    if (const auto* text = value.string()) return *text;
    if (const auto* number = value.integer()) return std::to_string(*number);
    if (const auto* flag = value.boolean()) return *flag ? "true" : "false";
    return {};
}

Result<> Parameter::check(const Value& value) const {
    if (!has_type(value, type))
        return not_allowed("must be " + std::string{type_word(type)} + ", not " + quoted(write_json(value), 64));
    if (const auto* text = value.string()) {
        AGENT_TRY(check_string(*this, *text));
    }
    if (const auto* number = value.integer(); number != nullptr && (*number < least || *number > most))
        return not_allowed(std::to_string(*number) + " is not between " + std::to_string(least) + " and " +
                           std::to_string(most));
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return ok();
    std::string words;
    for (const auto& word : allowed) words += (words.empty() ? "" : ", ") + argument_text(word);
    return not_allowed(quoted(argument_text(value), 64) + " is not one of " + words);
}

const Parameter* ParameterSchema::find(std::string_view name) const noexcept {
    for (const auto& parameter : parameters)
        if (parameter.name == name) return &parameter;
    return nullptr;
}

Result<Value> ParameterSchema::check(const Value& given) const {
    if (given.object() == nullptr) return not_allowed("the parameters are no object");
    for (const auto& [name, value] : *given.object()) {
        if (find(name) != nullptr) continue;
        std::vector<std::string_view> known;
        for (const auto& parameter : parameters) known.emplace_back(parameter.name);
        const auto meant = nearest(name, known);
        return not_allowed("unknown parameter " + quoted(name, 64) +
                           (meant.empty() ? std::string{} : "; did you mean " + quoted(meant) + "?"));
    }
    Value complete{Value::Object{}};
    for (const auto& parameter : parameters) {
        const auto* value = given.find(parameter.name);
        if (value == nullptr && parameter.fallback) value = &*parameter.fallback;
        if (value == nullptr) return not_allowed("parameter " + agent::quoted(parameter.name) + " is missing");
        if (auto allowed = parameter.check(*value); allowed.has_error())
            return not_allowed("parameter " + agent::quoted(parameter.name) + ' ' + allowed.error().message());
        complete.set(parameter.name, *value);
    }
    return complete;
}

}  // namespace agent
