#pragma once
// The declared state of a host: one YAML file, schema-checked with line numbers, its digest in every bundle.
// The format is documented in config/README.md.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/waivers.hpp"
#include "model/value.hpp"

namespace agent {

struct Baseline {
    std::string sha256;  // of the file's bytes: `ruleset_hash`
    // The built-in ones in the order of the catalogue, then the operator's own in that of the file.
    std::vector<std::shared_ptr<const Check>> checks;
    std::vector<Waiver> waivers;
    Value declared;  // what runbooks may name (declared_values.hpp)
    // Null where there is none of that name.
    [[nodiscard]] const Check* find(const CheckName& name) const noexcept;
};

// Every fault of the file at once; a baseline only where there is none.
struct BaselineOutcome {
    std::optional<Baseline> baseline;
    Faults faults;
};
[[nodiscard]] BaselineOutcome load_baseline(const std::filesystem::path& file);
// The same for what is already read.
[[nodiscard]] BaselineOutcome read_baseline(const YamlFile& yaml);

// Where no baseline was written: the built-in checks with their defaults.
inline constexpr std::string_view built_in_text{"version: 1\n"};
[[nodiscard]] Baseline built_in_baseline();

}  // namespace agent
