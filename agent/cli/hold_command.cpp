#include <algorithm>

#include "base/text.hpp"
#include "cli/change_hold.hpp"
#include "cli/session.hpp"
#include "model/hold.hpp"

namespace agent::cli {
namespace {

int hold_host(const CommandLine& line, WallTime until) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    // A hold may come before the agent's first start.
    auto store = state_to_change_or_begin(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    auto& memory = store.value()->memory();
    const auto before = memory.hold_until();
    if (before.has_error()) return failed_with(before.error(), undetermined);
    HoldWork work{[&](Transaction&) { return memory.write_hold(until); }, {}};
    const auto now = SystemTimeSource{}.wall_now();
    if (before.value() != until)
        work.changes.push_back({std::nullopt, value_of_hold(before.value(), now), value_of_hold(until, now)});
    const auto changed = change_hold(loaded->settings, *store.value(), work);
    if (changed.has_error()) return failed_with(changed.error(), undetermined);
    print_line("healing is on hold until " + (until == until_resumed() ? "resumed" : format_rfc3339(until)));
    return fine;
}

std::string words_of(const HeldCheck& held) {
    return "healing of " + held.name.str() + " resumes; it was on hold since " + format_rfc3339(held.since) + ": " +
           held.reason;
}

// What `checks` are held for no more, and, where `host_until` is given, the host neither.
HoldWork release(StateStore& store, const std::vector<HeldCheck>& checks, const std::optional<WallTime>& host_until) {
    HoldWork work;
    for (const auto& check : checks)
        work.changes.push_back({check.name, value_of_held_check(check.since, check.reason), {}});
    auto host = value_of_hold(host_until, SystemTimeSource{}.wall_now());
    if (!host.is_null()) work.changes.push_back({std::nullopt, std::move(host), {}});
    work.write = [&store, checks, host_until](Transaction& transaction) -> Result<> {
        for (const auto& check : checks) {
            AGENT_TRY(store.checks().release(transaction, check.name));
        }
        if (!host_until) return ok();
        return store.memory().write_hold(std::nullopt);
    };
    return work;
}

// One check, or all where `name` is empty. Without a name the hold of the host ends, too.
int resume(const CommandLine& line, const std::string& name) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_change(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    auto held = store.value()->checks().held();
    if (held.has_error()) return failed_with(held.error(), undetermined);
    auto& checks = held.value();
    if (!name.empty()) std::erase_if(checks, [&](const HeldCheck& check) { return check.name.str() != name; });
    if (!name.empty() && checks.empty()) {
        complain("healing of " + agent::quoted(name) + " is not on hold; `status` lists what is");
        return not_fine;
    }
    auto host_until = store.value()->memory().hold_until();
    if (host_until.has_error()) return failed_with(host_until.error(), undetermined);
    if (!name.empty()) host_until.value().reset();
    const auto work = release(*store.value(), checks, host_until.value());
    const auto released = change_hold(loaded->settings, *store.value(), work);
    if (released.has_error()) return failed_with(released.error(), undetermined);
    for (const auto& check : checks) print_line(words_of(check));
    if (name.empty()) print_line("healing resumes under local policy");
    return fine;
}

int hold_check(const CommandLine& line, const std::string& name) {
    const CheckName check{name};
    const auto whole = load_agent(line.config, FileChecks::all);
    if (whole.loaded && whole.loaded->baseline.find(check) == nullptr) {
        complain("the baseline has no check " + agent::quoted(name));
        return usage;
    }
    // A fault in a key or a runbook must not keep anybody from stopping what repairs a check.
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    if (!whole.loaded)
        complain("whether there is a check " + agent::quoted(name) +
                 " is not known: `config check` finds faults; it is on hold all the same");
    auto store = state_to_change_or_begin(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    auto& memory = store.value()->checks();
    const auto before = memory.held(check);
    if (before.has_error()) return failed_with(before.error(), undetermined);
    const HeldCheck hold{check, SystemTimeSource{}.wall_now(), "held by hand"};
    HoldWork work{[&](Transaction& transaction) { return memory.hold(transaction, hold); }, {}};
    if (!before.value()) work.changes.push_back({check, {}, value_of_held_check(hold.since, hold.reason)});
    const auto changed = change_hold(loaded->settings, *store.value(), work);
    if (changed.has_error()) return failed_with(changed.error(), undetermined);
    print_line("healing of " + name + " is on hold until resumed" +
               (before.value() ? ", and was before: " + *before.value() : ""));
    return fine;
}

int hold(const CommandLine& line, const std::string& check, const std::string& term) {
    if (!check.empty() && !term.empty()) {
        complain("--for is of the whole host; a check is on hold until it is resumed");
        return usage;
    }
    if (!check.empty()) return hold_check(line, check);
    if (term.empty()) return hold_host(line, until_resumed());
    const auto duration = parse_duration(term);
    if (duration.has_error()) return failed_with(Error{duration.error()}.in_context("--for"), usage);
    if (duration.value() <= Duration::zero()) {
        complain("--for: a hold must last longer than " + term + "; `resume` ends one");
        return usage;
    }
    return hold_host(line, std::min(SystemTimeSource{}.wall_now() + duration.value(), until_resumed()));
}

}  // namespace

void add_hold(CLI::App& app, CommandLine& line) {
    auto* hold_command = app.add_subcommand("hold", "Stops healing on this host, or of one check; orders are deferred");
    auto term = std::make_shared<std::string>();
    auto check = std::make_shared<std::string>();
    hold_command->add_option("CHECK", *check, "only what repairs this check");
    hold_command->add_option("--for", *term, "for this long: 4h; until `resume` if not given");
    hold_command->callback(
        [&line, check, term] { line.chosen = [&line, check, term] { return hold(line, *check, *term); }; });
    auto* resume_command = app.add_subcommand("resume", "Lets healing go on, of the host and of every check on hold");
    auto resumed = std::make_shared<std::string>();
    resume_command->add_option("CHECK", *resumed, "only of this check");
    resume_command->callback([&line, resumed] { line.chosen = [&line, resumed] { return resume(line, *resumed); }; });
}

}  // namespace agent::cli
