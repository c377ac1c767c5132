#pragma once
// A file put in its place with mode and owner, atomically, and put back by the undo from what was kept of the former
// one: what file.install and file.restore have in common.
#include <filesystem>
#include <optional>
#include <string>

#include "healing/action.hpp"
#include "healing/template.hpp"
#include "host/files.hpp"

namespace agent {

inline constexpr std::size_t placed_file_most = 1024UL * 1024UL;  // of the previous content, and of the new

struct PlacedFile {
    Template path;
    mode_t mode{};
    std::optional<std::string> owner;  // nothing: as it is, or ours for a new file
    std::optional<std::string> group;

    // The members path, mode, owner and group. Nothing where there is a fault, which was then reported to `step`.
    [[nodiscard]] static std::optional<PlacedFile> read(MapReader& step, StepScope& scope);

    // As those of an action; `sha256` is that of the content.
    [[nodiscard]] Result<PlanStep> plan(std::string_view action, const Value& params, const std::string& sha256) const;
    [[nodiscard]] Result<Value> save(const Value& params) const;
    [[nodiscard]] Result<StepOutcome> place(const Value& params, const std::string& content, const Value& saved) const;
};

}  // namespace agent
