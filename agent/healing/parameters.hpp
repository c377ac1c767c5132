#pragma once
// Parameters of a runbook: a JSON-Schema subset (type, enum, pattern, range, length), and their interpolation into
// argument positions, never into a command text.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/schema.hpp"
#include "model/value.hpp"

namespace agent {

struct Parameter {
    enum class Type : std::uint8_t { string, integer, boolean };
    std::string name;
    Type type{Type::string};
    std::string description;
    std::optional<Value> fallback;       // used where the parameter is not given
    std::vector<Value> allowed;          // enum; empty: any
    std::optional<std::string> pattern;  // ECMAScript regular expression that the whole string must match
    std::int64_t least{INT64_MIN};       // of an integer
    std::int64_t most{INT64_MAX};
    std::size_t shortest{0};  // of a string, bytes
    std::size_t longest{256};

    // Success if `value` may be given for this parameter, else `malformed` with the rule it breaks.
    [[nodiscard]] Result<> check(const Value& value) const;
};

struct ParameterSchema {
    std::vector<Parameter> parameters;

    // The member `params` of a runbook, with every fault reported to `runbook`. Patterns are tried out here.
    [[nodiscard]] static ParameterSchema read(MapReader& runbook);

    [[nodiscard]] const Parameter* find(std::string_view name) const noexcept;
    // The parameters with fallbacks filled in, or `malformed`: unknown, missing, wrong type, not allowed; names which.
    // A string never contains control characters.
    [[nodiscard]] Result<Value> check(const Value& given) const;
};

// An argument with "{{ params.NAME }}" in it. A value takes the place of the marker and nothing else: it is never
// split, never parsed, and an argument that would begin with '-' only because of a value is `malformed`.
class Template {
public:
    // Reports to `reader` an unknown parameter or a stray "{{".
    [[nodiscard]] static std::optional<Template> parse(const std::string& text, const ParameterSchema& schema,
                                                       MapReader& reader, std::string_view key);
    // `params` as ParameterSchema::check gave them.
    [[nodiscard]] Result<std::string> fill(const Value& params) const;
    // The same for a path: `malformed` too if it is relative, or has a component "." or "..".
    [[nodiscard]] Result<std::filesystem::path> fill_path(const Value& params) const;
    [[nodiscard]] bool is_fixed() const noexcept;  // no parameter in it
    [[nodiscard]] const std::string& source() const noexcept { return source_; }

private:
    struct Part {
        std::string text;
        bool is_parameter{};
    };
    std::string source_;
    std::vector<Part> parts_;
};

}  // namespace agent
