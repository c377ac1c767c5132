#include <charconv>

#include "base/text.hpp"
#include "cli/local_engine.hpp"
#include "cli/session.hpp"
#include "cli/terminal_progress.hpp"
#include "codec/json.hpp"
#include "daemon/catalogue_age.hpp"
#include "daemon/instance_lock.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/own_files.hpp"
#include "daemon/stored_run.hpp"
#include "evidence/recorder.hpp"
#include "healing/engine.hpp"
#include "healing/recovery.hpp"
#include "host/machine.hpp"

namespace agent::cli {
namespace {

struct HealOptions {
    std::string runbook;
    std::vector<std::string> params;
    bool dry_run{};
    bool json{};
};

// "K=V" with V as the type the runbook declares for K.
Result<Value> parse_params(const Runbook& runbook, const std::vector<std::string>& words) {
    Value params{Value::Object{}};
    for (const auto& entry : words) {
        const auto equals = entry.find('=');
        if (equals == std::string::npos)
            return Error{Errc::malformed, "--param wants NAME=VALUE, not " + agent::quoted(entry)};
        const auto name = entry.substr(0, equals);
        const auto text = entry.substr(equals + 1);
        Value value{text};
        for (const auto& parameter : runbook.parameters.parameters) {
            if (parameter.name != name) continue;
            std::int64_t number = 0;
            const auto* end = text.data() + text.size();
            const auto read = std::from_chars(text.data(), end, number);
            if (parameter.type == Parameter::Type::integer && read.ec == std::errc{} && read.ptr == end) value = number;
            if (parameter.type == Parameter::Type::boolean && (text == "true" || text == "false"))
                value = text == "true";
        }
        params.set(name, std::move(value));
    }
    return runbook.parameters.check(params);
}

Value plan_json(const Runbook& runbook, const Plan& plan) {
    Value::Array steps;
    for (const auto& step : plan.steps)
        steps.push_back(Value::object(
            {{"step", step.step}, {"action", step.action}, {"current", step.current}, {"desired", step.desired}}));
    return Value::object({{"runbook", runbook.id.str()}, {"plan_sha256", plan.sha256}, {"steps", std::move(steps)}});
}

void print_plan(const Runbook& runbook, const Plan& plan) {
    print_line("plan of " + runbook.id.str() + ", sha256 " + plan.sha256);
    for (const auto& step : plan.steps) {
        print_line(std::to_string(step.step) + ". " + step.action);
        print_line("   now:    " + write_json(step.current));
        print_line("   wanted: " + write_json(step.desired));
    }
}

void print_run(const EvidenceDraft& draft, const Recorded& recorded) {
    Table table{{"STEP", "RESULT", "ACTION", "SECONDS"}};
    for (const auto& action : draft.action_taken) {
        std::string seconds = std::to_string(action.duration_sec);
        seconds.resize(std::min(seconds.size(), seconds.find('.') + 4));
        table.add({std::to_string(action.step), action.result, action.action, seconds});
    }
    table.print();
    print_line("outcome " + coloured(to_string(draft.outcome), colour_of(draft.outcome)) +
               (draft.error ? ": " + *draft.error : "") + ", evidence " + recorded.bundle_id.str());
}

// Local policy's answer to a run that nobody ordered.
Result<std::optional<Deferral>> judge(const LoadedAgent& loaded, StateStore& store, const Runbook& runbook) {
    const SystemTimeSource time;
    AGENT_TRY(auto boot, boot_id());
    AGENT_TRY(const auto clock, OrderClock::load(time, store.memory(), std::move(boot)));
    AGENT_TRY(const auto facts, policy_facts_of(runbook, &store, time.wall_now(), clock.untrusted()));
    return judge_policy(loaded.policy, facts);
}

struct Done {
    EvidenceDraft draft;
    Recorded recorded;
};

// What the runs of this command share: one state file, one signing key.
struct Ground {
    const std::shared_ptr<const LoadedAgent>& loaded;
    StateStore& store;
    const PrivateKey& key;
    SystemTimeSource time;

    [[nodiscard]] Result<> commit(const StoredRun::Work& work) {
        AGENT_TRY(auto transaction, store.begin());
        AGENT_TRY(work(transaction));
        return transaction.commit();
    }
    [[nodiscard]] StoredRun journal_of(std::optional<std::int64_t> run) {
        return {store.journal(), [this](const StoredRun::Work& work) { return commit(work); }, run};
    }
    // The end of a run, with its evidence, in one transaction.
    [[nodiscard]] Result<Recorded> close(const EvidenceDraft& draft, std::optional<std::int64_t> run) {
        Recorder recorder{store, time, key, speaker_of(*loaded)};
        std::optional<Recorded> recorded;
        AGENT_TRY(commit([&](Transaction& transaction) -> Result<> {
            AGENT_TRY(recorded, recorder.record(transaction, draft));
            if (!run) return ok();
            return close_run(store, transaction, *run, draft, time.wall_now());
        }));
        ring_daemon(loaded->settings.state_dir);
        return *std::move(recorded);
    }
};

// Whoever may change this host first brings to its end what was cut short. Orders are the daemon's: one that has begun
// no step yet waits for its turn there.
Result<> close_interrupted(Ground& ground) {
    AGENT_TRY(const auto open, ground.store.journal().open());
    const bool daemon_runs = InstanceLock::holder(ground.loaded->settings.state_dir).has_value();
    for (const auto& run : open) {
        if (run.header.order && run.steps.empty() && daemon_runs) continue;
        if (run.header.order)
            return Error{Errc::refused, "the run of order " + run.header.order->str() + " was cut short: " +
                                            (daemon_runs ? "the daemon closes it first; try again"
                                                         : "start the daemon, which closes it first")};
        LocalEngine engine{ground.loaded, &ground.store};
        auto journal = ground.journal_of(run.number);
        const auto* runbook = the_very_runbook(ground.loaded->runbooks, run.header);
        AGENT_TRY(const auto draft, engine.finish(run, runbook, journal));
        AGENT_TRY(ground.close(draft, run.number));
        complain("an earlier run of " + run.header.runbook.str() +
                 " was closed: " + std::string{to_string(draft.outcome)} + (draft.error ? ": " + *draft.error : ""));
    }
    return ok();
}

// The run is in the journal and counts against the budget before it begins, and its evidence is stored before it is
// told. The daemon may run beside it: the state file is shared.
Result<Done> apply(Ground& ground, const Runbook& runbook, Value params, RunProgress& progress) {
    std::optional<HealingLock> turn;
    std::optional<std::int64_t> number;
    if (runbook.changes_host()) {
        AGENT_TRY(turn, HealingLock::take(ground.loaded->settings.state_dir));
        AGENT_TRY(close_interrupted(ground));
        const auto now = ground.time.wall_now();
        AGENT_TRY(ground.commit([&](Transaction& transaction) -> Result<> {
            const RunHeader header{runbook.id, runbook.sha256, Trigger::manual, std::nullopt, now};
            AGENT_TRY(number, ground.store.journal().begin(transaction, header));
            return ground.store.memory().remember_run(transaction, budget_key(runbook.id), now);
        }));
    }
    const LocalMandate mandate{Trigger::manual, std::move(params)};
    LocalEngine engine{ground.loaded, &ground.store, progress};
    auto journal = ground.journal_of(number);
    AGENT_TRY(auto draft, engine.apply(runbook, mandate, journal, number));
    AGENT_TRY(auto recorded, ground.close(draft, number));
    return Done{std::move(draft), std::move(recorded)};
}

int show_plan(const std::shared_ptr<const LoadedAgent>& loaded, StateStore& store, const Runbook& runbook,
              const Value& params, bool json) {
    LocalEngine engine{loaded, &store};
    const auto plan = engine.plan(runbook, params);
    if (plan.has_error()) return failed_with(plan.error(), undetermined);
    if (json)
        print_json(plan_json(runbook, plan.value()));
    else
        print_plan(runbook, plan.value());
    return fine;
}

// What the host would do if policy let it, and why not now.
int defer(const std::shared_ptr<const LoadedAgent>& loaded, StateStore& store, const Runbook& runbook,
          const Value& params, const Deferral& deferral, bool json) {
    const std::string reason{reason_word(deferral.reason)};
    complain("not now: " + reason + ": " + deferral.detail);
    if (!json) {
        const int shown = show_plan(loaded, store, runbook, params, false);
        return shown == fine ? not_fine : shown;
    }
    LocalEngine engine{loaded, &store};
    const auto plan = engine.plan(runbook, params);
    if (plan.has_error()) return failed_with(plan.error(), undetermined);
    print_json(Value::object({{"outcome", to_string(Outcome::deferred)},
                              {"reason", reason},
                              {"error", deferral.detail},
                              {"plan", plan_json(runbook, plan.value())}}));
    return not_fine;
}

int heal(const CommandLine& line, const HealOptions& options) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    const auto* runbook = loaded->runbooks.find(RunbookId{options.runbook});
    if (runbook == nullptr) {
        complain(missing_runbook(*loaded, RunbookId{options.runbook}));
        return undetermined;
    }
    auto params = parse_params(*runbook, options.params);
    if (params.has_error()) return failed_with(params.error(), usage);
    auto store = state_to_change_or_begin(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    if (options.dry_run) return show_plan(loaded, *store.value(), *runbook, params.value(), options.json);
    const auto deferral = judge(*loaded, *store.value(), *runbook);
    if (deferral.has_error()) return failed_with(deferral.error(), undetermined);
    if (deferral.value())
        return defer(loaded, *store.value(), *runbook, params.value(), *deferral.value(), options.json);
    remember_catalogue(*loaded, store.value()->memory(), SystemTimeSource{}.wall_now());
    auto key = evidence_key(loaded->settings.evidence.key_file, *store.value());
    if (key.has_error()) return failed_with(key.error(), undetermined);
    Ground ground{loaded, *store.value(), key.value(), {}};
    auto& progress = options.json ? unwatched() : progress_on_terminal();
    const auto done = apply(ground, *runbook, std::move(params).value(), progress);
    if (done.has_error()) return failed_with(done.error(), undetermined);
    const auto& [draft, recorded] = done.value();
    if (options.json)
        print_json(Value::object({{"outcome", to_string(draft.outcome)},
                                  {"error", draft.error ? Value{*draft.error} : Value{}},
                                  {"bundle_id", recorded.bundle_id.str()}}));
    else
        print_run(draft, recorded);
    return draft.outcome == Outcome::success ? fine : not_fine;
}

}  // namespace

void add_heal(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("heal", "Carries a runbook out under local policy, with evidence");
    auto options = std::make_shared<HealOptions>();
    command->add_option("ID", options->runbook, "runbook id")->required();
    command->add_option("--param", options->params, "NAME=VALUE; again for further ones")->allow_extra_args(false);
    command->add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
    command->add_flag("--json", options->json, "as JSON");
    command->callback([&line, options] { line.chosen = [&line, options] { return heal(line, *options); }; });
}

}  // namespace agent::cli
