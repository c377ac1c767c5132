#include <algorithm>

#include "base/text.hpp"
#include "cli/session.hpp"
#include "daemon/instance_lock.hpp"

namespace agent::cli {
namespace {

int set_hold(const CommandLine& line, const std::optional<WallTime>& until) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    // Nothing can be on hold where the agent never ran, but a hold may come before its first start.
    auto store = until ? state_to_change_or_begin(loaded->settings) : state_to_change(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    const auto written = store.value()->memory().write_hold(until);
    if (written.has_error()) return failed_with(written.error(), undetermined);
    ring_daemon(loaded->settings.state_dir);
    if (!until)
        print_line("healing resumes under local policy");
    else
        print_line("healing is on hold " +
                   (*until == until_resumed() ? "until resumed" : "until " + format_rfc3339(*until)));
    return fine;
}

std::string words_of(const HeldCheck& held) {
    return "healing of " + held.name.str() + " resumes; it was on hold since " + format_rfc3339(held.since) + ": " +
           held.reason;
}

Result<> release(StateStore& store, const std::vector<HeldCheck>& checks) {
    AGENT_TRY(auto transaction, store.begin());
    for (const auto& check : checks) {
        AGENT_TRY(store.checks().release(transaction, check.name));
    }
    return transaction.commit();
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
    const auto released = release(*store.value(), checks);
    if (released.has_error()) return failed_with(released.error(), undetermined);
    for (const auto& check : checks) print_line(words_of(check));
    if (name.empty()) return set_hold(line, std::nullopt);
    ring_daemon(loaded->settings.state_dir);
    return fine;
}

int hold_check(const CommandLine& line, const std::string& name) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    const CheckName check{name};
    if (loaded->baseline.find(check) == nullptr) {
        complain("the baseline has no check " + agent::quoted(name));
        return usage;
    }
    auto store = state_to_change_or_begin(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    auto transaction = store.value()->begin();
    if (transaction.has_error()) return failed_with(transaction.error(), undetermined);
    const auto now = SystemTimeSource{}.wall_now();
    const auto held = store.value()->checks().hold(transaction.value(), {check, now, "held by hand"});
    if (held.has_error()) return failed_with(held.error(), undetermined);
    const auto committed = transaction.value().commit();
    if (committed.has_error()) return failed_with(committed.error(), undetermined);
    ring_daemon(loaded->settings.state_dir);
    print_line("healing of " + name + " is on hold until resumed");
    return fine;
}

int hold(const CommandLine& line, const std::string& check, const std::string& term) {
    if (!check.empty() && !term.empty()) {
        complain("--for is of the whole host; a check is on hold until it is resumed");
        return usage;
    }
    if (!check.empty()) return hold_check(line, check);
    if (term.empty()) return set_hold(line, until_resumed());
    const auto duration = parse_duration(term);
    if (duration.has_error()) return failed_with(Error{duration.error()}.in_context("--for"), usage);
    if (duration.value() <= Duration::zero()) {
        complain("--for: a hold must last longer than " + term + "; `resume` ends one");
        return usage;
    }
    return set_hold(line, std::min(SystemTimeSource{}.wall_now() + duration.value(), until_resumed()));
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
