#pragma once
// The single values of a baseline, for a runbook that names them.
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codec/yaml.hpp"
#include "model/value.hpp"

namespace agent {

inline constexpr std::size_t declared_value_most = 256;  // bytes

// Maps and single values of a baseline file as they are written, an own check below `custom` by its name. What is no
// single value (a list, a longer text, a number with a fraction) is kept as null, and only that it is there.
[[nodiscard]] Value declared_values(const YamlNode& root);

// The value at an address like "checks.time_sync.max_offset" or "custom.motd.path"; an error says what is there
// instead.
[[nodiscard]] Result<std::string> find_declared(const Value& declared, std::string_view address);

}  // namespace agent
