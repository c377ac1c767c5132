#pragma once
// Arguments of a step with markers in them: "{{ params.NAME }}", "{{ baseline.KEY }}" and "{{ steps.N.output }}". They
// stand in argument positions, never in a command text.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/schema.hpp"
#include "drift/baseline.hpp"
#include "healing/parameters.hpp"
#include "model/value.hpp"

namespace agent {

struct StepScope;

// A value takes the place of its marker and nothing else: it is never split, never parsed, and an argument that would
// begin with '-' only because of a value is `malformed`.
//
// Values are an object: parameters by their names, as ParameterSchema::check gave them, everything else by what its
// marker says, "baseline.checks.patching.runbook" or "steps.1.output" (no parameter's name has a dot). An output that
// is not to be used is an object: {"unusable": why}.
class Template {
public:
    // Reports to `step` what is no marker, or names nothing that it may. What it names is noted in `scope`.
    [[nodiscard]] static std::optional<Template> parse(const std::string& text, StepScope& scope, MapReader& step,
                                                       std::string_view key);
    [[nodiscard]] Result<std::string> fill(const Value& values) const;
    // The same for a path: `malformed` too if it is relative, or has a component "." or "..".
    [[nodiscard]] Result<std::filesystem::path> fill_path(const Value& values) const;
    // For people: what is not known yet stays the marker that it is.
    [[nodiscard]] std::string show(const Value& values) const;
    [[nodiscard]] bool is_fixed() const noexcept;  // no marker in it
    [[nodiscard]] bool is_known(const Value& values) const noexcept;

private:
    struct Part {
        std::string text;   // as it stands
        std::string value;  // what a marker names; empty: no marker
    };
    std::string source_;
    std::vector<Part> parts_;
};

// A value of the baseline that a step names.
struct BaselineUse {
    std::string place;  // in the runbook: "steps[2].argv"
    std::string value;  // "baseline.checks.patching.runbook"
};

// A program that a step starts.
struct ProgramUse {
    std::filesystem::path program;
    int line{};
    std::string place;
};

// The text that stands for it. An error says what the baseline has there instead, or why that is no argument.
[[nodiscard]] Result<std::string> baseline_value(const BaselineUse& use, const Baseline& baseline);

// What the markers of a step may name and, for whoever reads a whole runbook, what its steps do name.
struct StepScope {
    struct Argument {
        std::string key;
        bool is_in_list{};
        Template text;
    };

    const ParameterSchema* parameters;
    std::vector<std::string> earlier;   // the actions of the steps before this one
    std::vector<Argument> arguments;    // of this step
    bool waits{};                       // this step names the output of an earlier one
    bool is_rollback{};                 // filled in before the first step has printed anything
    std::vector<BaselineUse> baseline;  // of all steps so far
    std::vector<ProgramUse> programs;   // likewise

    explicit StepScope(const ParameterSchema& schema) : parameters{&schema} {}
    // Goes on to the next step; `action` is that of the one just read.
    void next(std::string action);
};

// "steps.1.output": by this name the values have what step 1 printed.
[[nodiscard]] std::string output_of_step(std::int64_t step);

}  // namespace agent
