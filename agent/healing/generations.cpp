#include "healing/generations.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "healing/kept_output.hpp"
#include "healing/patched_host.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

std::optional<std::int64_t> generation_of_word(std::string_view word) {
    std::int64_t number{};
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (failed != std::errc{} || end != word.data() + word.size() || number < 1) return std::nullopt;
    return number;
}

bool is_generation_word(std::string_view word) {
    return word == "declared" || word == "latest" || word == "previous" || generation_of_word(word);
}

Error not_built(std::int64_t number) {
    return {Errc::not_found, "generation " + std::to_string(number) + " is not built here, or was removed"};
}

Task<StepOutcome> run_to_end(const ActionTools& tools, Command command) {
    StepOutcome outcome;
    outcome.taken.command = std::vector<std::string>{command.program.string()};
    for (const auto& argument : command.arguments) outcome.taken.command->push_back(argument);
    const auto program = command.program.string();
    command.head_limit = limits::output_kept;
    command.tail_limit = limits::output_kept;
    command.when_orphaned = WhenOrphaned::awaited;
    auto ran = co_await tools.processes.run(std::move(command));
    outcome.touched = ran.has_value() || ran.error().code() != Errc::not_found;
    if (ran.has_error()) {
        outcome.why = program + ": " + ran.error().message();
        co_return outcome;
    }
    const auto& exit = ran.value();
    outcome.taken.exit_code = exit.status;
    keep_output(exit, outcome.taken);
    outcome.succeeded = exit.status == 0;
    if (!outcome.succeeded) outcome.why = program + " ended with status " + std::to_string(exit.status);
    co_return outcome;
}

}  // namespace

const NixosGeneration* Generations::find(std::int64_t number) const noexcept {
    const auto found = std::ranges::find(built, number, &NixosGeneration::number);
    return found == built.end() ? nullptr : &*found;
}

std::int64_t Generations::number_of(const std::filesystem::path& system) const noexcept {
    std::int64_t number = 0;
    for (const auto& generation : built)
        if (generation.store_path == system) number = generation.number;
    return number;
}

Result<Generations> look_at_built(const NixosHost& host) {
    auto view = look_at_nixos(host);
    if (view.current.has_error()) return std::move(view.current).error();
    if (view.generations.has_error()) return std::move(view.generations).error();
    const auto* running = running_generation(view);
    if (running == nullptr)
        return Error{Errc::refused,
                     "the running system is of no generation, so that no number leads back to it; make it one: nix-env "
                     "-p " +
                         (host.profiles / "system").native() + " --set " + view.current.value().store_path.native()};
    std::error_code failed;
    const auto link = std::filesystem::read_symlink(host.profiles / "system", failed);
    const auto number = failed ? std::nullopt : generation_number(link.filename().native());
    if (!number)
        return Error{Errc::malformed, (host.profiles / "system").native() + " leads to no generation of the profile"};
    Generations all{view.generations.value(), *running, {}};
    const auto* boot = all.find(*number);
    if (boot == nullptr) return not_built(*number);
    all.boot = *boot;
    return all;
}

Result<NixosGeneration> choose_generation(const Generations& all, std::string_view word,
                                          std::optional<std::int64_t> declared) {
    if (!is_generation_word(word))
        return Error{Errc::malformed,
                     "not a generation: " + quoted(word, 64) + "; write a number, declared, latest or previous"};
    const auto newest = all.built.back().number;
    auto number = generation_of_word(word).value_or(newest);
    if (word == "declared") number = declared.value_or(newest);
    if (word == "previous") {
        const auto at = std::ranges::find(all.built, all.boot.number, &NixosGeneration::number);
        if (at == all.built.begin())
            return Error{Errc::not_found, "no generation before " + std::to_string(all.boot.number) + " is left"};
        number = std::prev(at)->number;
    }
    const auto* chosen = all.find(number);
    if (chosen == nullptr) return not_built(number);
    return *chosen;
}

GenerationRule GenerationRule::read(MapReader& step, StepScope& scope) {
    GenerationRule rule;
    if (const auto written = step.text("generation")) {
        rule.generation = Template::parse(*written, scope, step, "generation");
        if (rule.generation && rule.generation->is_fixed() && !is_generation_word(*written))
            step.fault("generation", "must be a number, declared, latest or previous");
    }
    rule.timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::hours{1}).value_or(rule.timeout);
    return rule;
}

Result<NixosGeneration> GenerationRule::choose(const ActionTools& tools, const Value& params,
                                               const Generations& all) const {
    std::string word{"declared"};
    if (generation) {
        AGENT_TRY(word, generation->fill(params));
    }
    return choose_generation(all, word, patched_host(tools).generation);
}

Value WayBack::value() const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
    return Value::object({{"rollback_generation", generation},
                          {"running_system", running.string()},
                          {"timeout_sec", static_cast<std::int64_t>(seconds)}});
}

Result<WayBack> WayBack::read(const Value& saved) {
    const auto* generation = saved.find("rollback_generation");
    const auto* running = saved.find("running_system");
    const auto* timeout = saved.find("timeout_sec");
    if (generation == nullptr || generation->integer() == nullptr || running == nullptr ||
        running->string() == nullptr || timeout == nullptr || timeout->integer() == nullptr)
        return Error{Errc::corrupt, "which generation ran before cannot be read any more"};
    return WayBack{*generation->integer(), *running->string(), std::chrono::seconds{*timeout->integer()}};
}

Task<StepOutcome> switch_to(const ActionTools& tools, std::filesystem::path system, std::string verb, Duration limit) {
    Command command;
    command.program = system / "bin/switch-to-configuration";
    command.arguments.push_back(std::move(verb));
    command.deadline = limit;
    co_return co_await run_to_end(tools, std::move(command));
}

Task<StepOutcome> set_profile(const ActionTools& tools, const NixosHost& host, std::int64_t number, Duration limit) {
    Command command;
    command.program = host.nix_env;
    command.arguments = {"-p", (host.profiles / "system").string(), "--switch-generation", std::to_string(number)};
    command.deadline = limit;
    co_return co_await run_to_end(tools, std::move(command));
}

}  // namespace agent
