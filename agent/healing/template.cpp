#include "healing/template.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "drift/declared_values.hpp"

namespace agent {
namespace {

constexpr std::string_view parameter_prefix{"params."};
constexpr std::string_view baseline_prefix{"baseline."};
constexpr std::string_view steps_prefix{"steps."};
constexpr std::string_view output_suffix{".output"};
constexpr std::string_view program_action{"command.run"};

Error no_argument(std::string why) { return {Errc::malformed, std::move(why)}; }

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
    const auto meant = nearest(name, known);
    return meant.empty() ? std::string{} : "; did you mean " + quoted(meant) + "?";
}

std::string_view without_blanks(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

// Words with dots between them.
bool is_address(std::string_view text) {
    if (text.empty() || text.starts_with('.') || text.ends_with('.') || text.find("..") != std::string_view::npos)
        return false;
    return is_name(text, 1, text.size());
}

// The N of "steps.N.output", if it is that.
std::optional<std::size_t> step_in(std::string_view name) {
    if (!name.starts_with(steps_prefix) || !name.ends_with(output_suffix)) return std::nullopt;
    name.remove_prefix(steps_prefix.size());
    if (name.size() <= output_suffix.size() || name.front() == '0') return std::nullopt;
    name.remove_suffix(output_suffix.size());
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failure != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return number;
}

struct Judged {
    std::string value;  // what the marker names; empty: nothing that it may
    std::string fault;
};

Judged judge_parameter(std::string_view name, const ParameterSchema& schema) {
    if (schema.find(name) != nullptr) return {std::string{name}, {}};
    std::vector<std::string_view> known;
    for (const auto& parameter : schema.parameters) known.emplace_back(parameter.name);
    return {{}, "no parameter " + quoted(name, 64) + " under params" + did_you_mean(name, known)};
}

Judged judge_output(std::size_t step, const StepScope& scope) {
    if (scope.is_rollback)
        return {{},
                "steps." + std::to_string(step) +
                    ".output is not known under rollback, which is filled in before any step runs"};
    const auto own = std::to_string(scope.earlier.size() + 1);
    if (step > scope.earlier.size())
        return {{}, "step " + std::to_string(step) + " is not before this one, which is step " + own};
    const auto& action = scope.earlier[step - 1];
    if (action == program_action) return {output_of_step(static_cast<std::int64_t>(step)), {}};
    return {{},
            "step " + std::to_string(step) + " is " + (action.empty() ? "no command.run" : action) +
                " and has no output; only command.run has"};
}

Judged judge_marker(std::string_view name, const StepScope& scope, const std::string& source) {
    if (name.starts_with(parameter_prefix))
        return judge_parameter(name.substr(parameter_prefix.size()), *scope.parameters);
    if (name.starts_with(baseline_prefix) && is_address(name)) return {std::string{name}, {}};
    if (const auto step = step_in(name)) return judge_output(*step, scope);
    return {{},
            "a marker is not {{ params.NAME }}, {{ baseline.KEY }} or {{ steps.N.output }}: " + agent::quoted(source)};
}

}  // namespace

Result<std::string> baseline_value(const BaselineUse& use, const Baseline& baseline) {
    const auto address = std::string_view{use.value}.substr(baseline_prefix.size());
    AGENT_TRY(auto text, find_declared(baseline.declared, address));
    if (const auto sound = Parameter{}.check(Value{text}); sound.has_error())
        return no_argument(std::string{address} + " of the baseline " + sound.error().message());
    return text;
}

void StepScope::next(std::string action) {
    earlier.push_back(std::move(action));
    arguments.clear();
    waits = false;
}

std::string output_of_step(std::int64_t step) {
    return std::string{steps_prefix}.append(std::to_string(step)).append(output_suffix);
}

std::optional<Template> Template::parse(const std::string& text, StepScope& scope, MapReader& step,
                                        std::string_view key) {
    Template made;
    made.source_ = text;
    std::string_view rest{text};
    while (!rest.empty()) {
        const auto begin = rest.find("{{");
        if (begin != 0) made.parts_.push_back({std::string{rest.substr(0, begin)}, {}});
        if (begin == std::string_view::npos) break;
        rest.remove_prefix(begin);
        const auto end = rest.find("}}");
        const auto marker = rest.substr(0, end == std::string_view::npos ? end : end + 2);
        const auto name = end == std::string_view::npos ? marker : marker.substr(2, end - 2);
        auto judged = judge_marker(without_blanks(name), scope, text);
        if (judged.value.empty()) {
            step.fault(key, std::move(judged.fault));
            return std::nullopt;
        }
        if (judged.value.starts_with(steps_prefix)) scope.waits = true;
        if (judged.value.starts_with(baseline_prefix)) scope.baseline.push_back({step.key_of(key), judged.value});
        made.parts_.push_back({std::string{marker}, std::move(judged.value)});
        rest.remove_prefix(marker.size());
    }
    const auto* node = step.node(key);
    scope.arguments.push_back({std::string{key}, node != nullptr && node->kind == YamlNode::Kind::sequence, made});
    return made;
}

Result<std::string> Template::fill(const Value& values) const {
    std::string filled;
    bool option_by_value = false;
    for (const auto& part : parts_) {
        if (part.value.empty()) {
            filled += part.text;
            continue;
        }
        const auto* value = values.find(part.value);
        if (value == nullptr) return no_argument("the value of " + agent::quoted(part.text) + " is missing");
        if (const auto* why = value->find("unusable"))
            return no_argument(agent::quoted(part.text) + " cannot be used: " + argument_text(*why));
        const auto piece = argument_text(*value);
        if (filled.empty() && piece.starts_with('-')) option_by_value = true;
        filled += piece;
    }
    if (option_by_value)
        return no_argument("the value for " + agent::quoted(source_) +
                           " would pass for an option: " + quoted(filled, 64));
    return filled;
}

Result<std::filesystem::path> Template::fill_path(const Value& values) const {
    AGENT_TRY(const auto text, fill(values));
    const std::filesystem::path path{text};
    if (!path.is_absolute()) return no_argument("not an absolute path: " + agent::quoted(text));
    if (!path.has_filename()) return no_argument("names no file: " + agent::quoted(text));
    for (const auto& component : path)
        if (component == "." || component == "..")
            return no_argument("a path with \".\" or \"..\" in it: " + agent::quoted(text));
    return path;
}

std::string Template::show(const Value& values) const {
    std::string shown;
    for (const auto& part : parts_) {
        const auto* value = part.value.empty() ? nullptr : values.find(part.value);
        shown += value == nullptr ? part.text : argument_text(*value);
    }
    return shown;
}

bool Template::is_fixed() const noexcept {
    return std::ranges::all_of(parts_, [](const Part& part) { return part.value.empty(); });
}

bool Template::is_known(const Value& values) const noexcept {
    return std::ranges::all_of(
        parts_, [&values](const Part& part) { return part.value.empty() || values.find(part.value) != nullptr; });
}

}  // namespace agent
