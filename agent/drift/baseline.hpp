#pragma once
// The declared state of a host: one YAML file, schema-checked with line numbers, its digest in every bundle.
// The format is documented in config/README.md.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "codec/schema.hpp"
#include "model/check.hpp"

namespace agent {

// What every entry of the baseline may say, whatever its kind.
struct CheckSettings {
    CheckName name;
    Severity severity{Severity::high};  // of a drift, where the check does not grade by itself
    std::optional<RunbookId> runbook;
    Controls controls;
    std::optional<Duration> timeout;  // else checks.timeout
};

struct PatchingBaseline {
    CheckSettings common;
    Duration lists_age_most{std::chrono::days{3}};
    Duration pending_medium{std::chrono::days{2}};
    Duration pending_high{std::chrono::days{7}};
    Duration pending_critical{std::chrono::days{30}};
};

struct FileBaseline {
    CheckSettings common;
    std::filesystem::path path;
    bool present{true};  // false: the file must not exist
    std::optional<std::string> sha256;
    std::optional<unsigned> mode;
    std::optional<std::string> owner;
    std::optional<std::string> group;
};

struct Baseline {
    std::string sha256;  // of the file's bytes: `ruleset_hash`
    std::optional<PatchingBaseline> patching;
    std::vector<FileBaseline> files;
};

// Every fault of the file at once; a baseline only where there is none.
struct BaselineOutcome {
    std::optional<Baseline> baseline;
    Faults faults;
};
[[nodiscard]] BaselineOutcome load_baseline(const std::filesystem::path& file);

// Where no baseline was written: the built-in checks with their defaults, as the file "version: 1" would say.
[[nodiscard]] Baseline built_in_baseline();

}  // namespace agent
