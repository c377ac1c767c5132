// revert: the timer of a run that waits for its confirmation. It is started by the agent, not by a person, works when
// the agent is dead or hangs, and reads neither configuration nor network: what it needs stands in the journal.
// Evidence is written by the agent's next start, which looks at everything once more.
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGPIPE

#include "base/text.hpp"
#include "cli/session.hpp"
#include "daemon/instance_lock.hpp"
#include "healing/roll_back.hpp"
#include "healing/telling.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"
#include "host/transient_unit_runner.hpp"

namespace agent::cli {
namespace {

struct RevertOptions {
    std::filesystem::path state_dir;
    std::int64_t run{};
    std::string after{"0s"};
    std::string patience{"30s"};  // with an agent that lives
};

void pause_for(Duration duration) {
    asio::io_context loop{1};
    SystemTimeSource time;
    static_cast<void>(run_to_end(loop, time.sleep_for(duration)).has_error());
}

// Nothing where it is closed, or has been confirmed.
Result<std::optional<OpenRun>> waiting_run(StateStore& store, const RevertOptions& options) {
    AGENT_TRY(auto open, store.journal().open());
    for (auto& run : open) {
        if (run.number == options.run && run.state != RunState::confirmed) return std::optional{std::move(run)};
    }
    return std::optional<OpenRun>{};
}

// Whoever carries the run out has until then to put it back by itself; what hangs is not waited for.
std::optional<HealingLock> wait_for_turn(const std::filesystem::path& state_dir, Duration patience) {
    constexpr Duration between_tries{200};
    for (Duration waited{0};; waited += between_tries) {
        auto taken = HealingLock::take(state_dir);
        if (taken.has_value()) return std::move(taken).value();
        if (waited >= patience) return std::nullopt;
        pause_for(between_tries);
    }
}

// False where the run was confirmed at the last moment. A disk that cannot be written keeps nothing from being put
// back.
bool claim(StateStore& store, const OpenRun& run) {
    auto transaction = store.begin();
    if (transaction.has_error()) return true;
    const auto first = store.journal().replace_state(transaction.value(), run.number, run.state, RunState::unconfirmed);
    if (first.has_error() || !first.value()) return first.has_error();
    static_cast<void>(transaction.value().commit().has_error());
    return true;
}

Task<RolledBack> put_back(const ActionTools& tools, OpenRun run) {
    auto settled = co_await tools.processes.settle();
    if (settled.has_error()) complain("what the run has started may still run: " + settled.error().message());
    auto all = co_await roll_back(tools, std::move(run.steps), std::move(run.rollback));
    co_return all;
}

// No program's output: the baseline, which names the files of secrets, is not known here.
std::string words_of(const ActionTaken& taken) {
    auto words = label_of_step(taken.step, taken.action) + ' ' + taken.result;
    return taken.command ? words : words + ": " + taken.output_head;
}

int put_back(const OpenRun& run) {
    asio::io_context loop{1};
    SystemTimeSource time;
    PosixProcessRunner processes{time};
    TransientUnitRunner step_programs{time, processes};
    SystemdUnits units{time};
    auto baseline = std::make_shared<const Baseline>(built_in_baseline());
    const ActionTools tools{step_programs, units, time,
                            [](std::vector<CheckName>) -> Task<std::vector<CheckReport>> {
                                co_return Error{Errc::refused, "no check is asked while a run is put back"};
                            },
                            [&baseline] { return baseline; }};
    const auto all = run_to_end(loop, put_back(tools, run));
    if (all.has_error()) return failed_with(all.error(), undetermined);
    for (const auto& taken : all.value().taken) complain(words_of(taken));
    for (const auto& sentence : all.value().left) complain(sentence);
    return all.value().left.empty() ? fine : not_fine;
}

int revert(const RevertOptions& options) {
    ::signal(SIGPIPE, SIG_IGN);  // whoever would read what is said here may be dead
    const auto after = parse_duration(options.after);
    if (after.has_error()) return failed_with(Error{after.error()}.in_context("--after"), usage);
    const auto patience = parse_duration(options.patience);
    if (patience.has_error()) return failed_with(Error{patience.error()}.in_context("--patience"), usage);
    pause_for(after.value());
    auto store = StateStore::open(options.state_dir, OpenMode::existing, SystemTimeSource{}.wall_now());
    if (store.has_error()) return failed_with(store.error(), undetermined);
    const auto early = waiting_run(*store.value(), options);
    if (early.has_error()) return failed_with(early.error(), undetermined);
    if (!early.value()) return fine;
    const auto turn = wait_for_turn(options.state_dir, patience.value());
    if (!turn) complain("whoever carries this run out hangs; it is put back all the same");
    const auto now = waiting_run(*store.value(), options);
    if (now.has_error()) return failed_with(now.error(), undetermined);
    if (!now.value() || !claim(*store.value(), *now.value())) return fine;
    // An agent that hung may have begun a further step until then; from here on it begins none.
    const auto run = waiting_run(*store.value(), options);
    if (run.has_error()) return failed_with(run.error(), undetermined);
    if (!run.value()) return fine;
    complain("run " + std::to_string(options.run) + " of " + run.value()->header.runbook.str() +
             " was not confirmed in time and is put back");
    return put_back(*run.value());
}

}  // namespace

void add_revert(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("revert", "Puts a run back that was not confirmed; the agent starts it");
    command->group("");  // not for people
    auto options = std::make_shared<RevertOptions>();
    command->add_option("--state", options->state_dir, "state folder")->required();
    command->add_option("--run", options->run, "its number in the journal")->required();
    command->add_option("--after", options->after, "wait so long before");
    command->add_option("--patience", options->patience, "wait so long for an agent that lives and does it by itself");
    command->callback([&line, options] { line.chosen = [options] { return revert(*options); }; });
}

}  // namespace agent::cli
