#pragma once
// Parameters of a runbook: a JSON-Schema subset (type, enum, pattern, range, length).
#include <cstdint>
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

// A string, an integer or true or false, as it is put into an argument.
[[nodiscard]] std::string argument_text(const Value& value);

}  // namespace agent
