#include <algorithm>

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

int hold(const CommandLine& line, const std::string& term) {
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
    auto* hold_command = app.add_subcommand("hold", "Stops healing on this host; orders are deferred");
    auto term = std::make_shared<std::string>();
    hold_command->add_option("--for", *term, "for this long: 4h; until `resume` if not given");
    hold_command->callback([&line, term] { line.chosen = [&line, term] { return hold(line, *term); }; });
    auto* resume_command = app.add_subcommand("resume", "Lets healing go on");
    resume_command->callback([&line] { line.chosen = [&line] { return set_hold(line, std::nullopt); }; });
}

}  // namespace agent::cli
