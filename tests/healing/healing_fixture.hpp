#pragma once
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "async/system_time_source.hpp"
#include "drift/run_checks.hpp"
#include "healing/engine.hpp"
#include "host/posix_process_runner.hpp"
#include "support/fake_confirmation.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

// Stands for the service manager: no systemd runs where the tests do, and a restart there would be a real one.
class FakeUnits final : public UnitManager {
public:
    std::map<std::string, UnitState> units;
    std::map<std::string, UnitState> after_start;  // else active
    std::optional<Error> refuses;
    std::vector<std::string> jobs;  // "start ssh.service"

    [[nodiscard]] Task<UnitState> state(std::string unit) override {
        if (refuses) co_return *refuses;
        const auto known = units.find(unit);
        UnitState missing;
        missing.load_state = "not-found";
        missing.active_state = "inactive";
        missing.sub_state = "dead";
        if (known == units.end()) co_return missing;
        co_return known->second;
    }
    [[nodiscard]] Task<> run_job(std::string unit, UnitJob job, Duration /*limit*/) override {
        constexpr std::array words{"start ", "stop ", "restart "};
        jobs.push_back(words.at(static_cast<std::size_t>(job)) + unit);
        auto& state = units[unit];
        if (job == UnitJob::stop)
            set_running(state, "inactive", "dead");
        else if (after_start.contains(unit))
            state = after_start[unit];
        else
            set_running(state, "active", "running");
        co_return ok();
    }
    [[nodiscard]] Task<> enable(std::string unit) override {
        jobs.push_back("enable " + unit);
        units[unit].unit_file_state = "enabled";
        co_return ok();
    }
    [[nodiscard]] Task<> disable(std::string unit) override {
        jobs.push_back("disable " + unit);
        units[unit].unit_file_state = "disabled";
        co_return ok();
    }
    [[nodiscard]] static UnitState running() { return with_state("active", "running"); }
    [[nodiscard]] static UnitState with_state(std::string active_state, std::string sub_state) {
        UnitState state;
        state.load_state = "loaded";
        set_running(state, std::move(active_state), std::move(sub_state));
        return state;
    }

private:
    static void set_running(UnitState& state, std::string active_state, std::string sub_state) {
        state.active_state = std::move(active_state);
        state.sub_state = std::move(sub_state);
    }
};

// What a run wrote down, in the order it did. May refuse, as a full disk does.
class KeptJournal final : public RunJournal {
public:
    OpenRun run;
    std::vector<std::string> words;
    std::optional<Error> refuses;
    std::optional<Error> refuses_ends;

    Result<> keep_rollback(const std::vector<RollbackStep>& steps) override {
        if (refuses) return *refuses;
        run.rollback = steps;
        words.emplace_back("keeps the rollback");
        return ok();
    }
    Result<> begin_step(const BegunStep& step) override {
        if (refuses) return *refuses;
        run.steps.push_back(step);
        words.push_back("begins " + std::to_string(step.step));
        return ok();
    }
    Result<> end_step(const EndedStep& ended) override {
        if (refuses) return *refuses;
        if (refuses_ends) return *refuses_ends;
        run.steps.back().ended = ended;
        words.push_back("ends " + std::to_string(ended.taken.step));
        return ok();
    }
    Result<> enter(RunState state) override {
        if (refuses) return *refuses;
        run.state = state;
        words.emplace_back(name_of(state));
        return ok();
    }
    Result<bool> confirm() override {
        if (refuses) return *refuses;
        if (run.state != RunState::confirming || timer_was_first) return false;
        run.state = RunState::confirmed;
        words.emplace_back("confirmed");
        return true;
    }
    bool timer_was_first{};

private:
    static const char* name_of(RunState state) {
        switch (state) {
            case RunState::verifying: return "verifying";
            case RunState::rolling_back: return "rolling back";
            case RunState::confirming: return "confirming";
            default: return "another state";
        }
    }
};

// What was said while it went on.
class HeardProgress final : public RunProgress {
public:
    std::vector<RunEvent> events;
    void tell(const RunEvent& event) override { events.push_back(event); }
    // As a person reads it, without the seconds.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        for (auto event : events) {
            event.seconds = 0;
            event.within.reset();
            lines.push_back(describe(event));
        }
        return lines;
    }
};

// Changes the host between a look and what follows from it.
class MeddlingJournal final : public RunJournal {
public:
    OpenRun run;
    std::function<void()> at_a_step{[] {}};
    std::function<void()> at_the_roll_back{[] {}};

    Result<> keep_rollback(const std::vector<RollbackStep>& steps) override {
        run.rollback = steps;
        return ok();
    }
    Result<> begin_step(const BegunStep& step) override {
        run.steps.push_back(step);
        at_a_step();
        return ok();
    }
    Result<> end_step(const EndedStep& ended) override {
        run.steps.back().ended = ended;
        return ok();
    }
    Result<> enter(RunState state) override {
        run.state = state;
        if (state == RunState::rolling_back) at_the_roll_back();
        return ok();
    }
    Result<bool> confirm() override { return true; }
};

inline std::string slurp(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

// Real files, real processes; checks answer what `check_results` says, one after the other (the last one stays), or
// look, where `checks_look`.
class HealingTest : public ::testing::Test {
protected:
    asio::io_context io;
    SystemTimeSource time;
    PosixProcessRunner processes{time};
    FakeUnits units;
    TemporaryDirectory folder;
    std::vector<CheckResult> check_results{CheckResult::pass};
    bool checks_look{};
    std::vector<std::vector<CheckName>> checks_asked;
    RunbookCatalogue catalogue;
    std::shared_ptr<const Baseline> baseline{std::make_shared<Baseline>(built_in_baseline())};
    KeptJournal journal;
    HeardProgress progress;
    FakeConfirmation confirmation;

    [[nodiscard]] ActionTools tools() {
        return ActionTools{processes, units, time,
                           [this](std::vector<CheckName> names) { return answer(std::move(names)); },
                           [this] { return baseline; }};
    }
    [[nodiscard]] HealingEngine engine() { return HealingEngine{tools(), progress}; }
    // Loads one runbook with these further lines.
    const Runbook& runbook(const std::string& lines) {
        folder.write("runbooks/one.yaml", "id: RB-ONE\nname: one\ndescription: one\ndisruptive: false\n" + lines);
        auto loaded = RunbookCatalogue::load(folder.path() / "runbooks");
        for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
        catalogue = std::move(loaded.catalogue);
        if (catalogue.all().empty()) throw std::runtime_error{"the runbook has faults"};
        return *catalogue.all().front();
    }
    [[nodiscard]] std::string target(const std::string& name) const { return (folder.path() / name).string(); }
    [[nodiscard]] std::string install(const std::string& name, const std::string& content) const {
        return "  - {action: file.install, path: " + target(name) + ", mode: \"0640\", content: \"" + content + "\"}\n";
    }
    EvidenceDraft apply(const Runbook& runbook, Value params = Value::Object{}) {
        auto healing = engine();
        const LocalMandate mandate{Trigger::manual, std::move(params)};
        return run(io, healing.apply(runbook, &mandate, journal, confirmation));
    }
    // As if the agent had been killed and started again.
    EvidenceDraft finish(const OpenRun& cut, const Runbook* runbook) {
        auto healing = engine();
        KeptJournal next;
        return run(io, healing.finish(cut, runbook, next));
    }
    Result<Plan> plan(const Runbook& runbook, const Value& params = Value::Object{}) {
        auto healing = engine();
        return run(io, healing.plan(runbook, params));
    }
    [[nodiscard]] static std::vector<std::string> words_of(const EvidenceDraft& draft) {
        std::vector<std::string> words;
        for (const auto& taken : draft.action_taken) words.push_back(std::to_string(taken.step) + ' ' + taken.result);
        return words;
    }

private:
    Task<std::vector<CheckReport>> look(std::vector<CheckName> names) {
        RoundParts parts{time, processes, units, Duration{20'000}, std::nullopt, nullptr, nullptr};
        auto ran = co_await run_checks(*baseline, std::move(names), std::move(parts));
        AGENT_CO_TRY(const auto outcomes, std::move(ran));
        std::vector<CheckReport> reports;
        for (const auto& outcome : outcomes) reports.push_back(outcome.report);
        co_return reports;
    }
    Task<std::vector<CheckReport>> answer(std::vector<CheckName> names) {
        checks_asked.push_back(names);
        if (checks_look) {
            auto looked = co_await look(std::move(names));
            co_return looked;
        }
        if (names.empty()) names = {CheckName{"motd"}, CheckName{"patching"}};
        std::vector<CheckReport> reports;
        for (const auto& name : names) {
            CheckReport report;
            report.name = name;
            report.result = check_results.front();
            report.reason = report.result == CheckResult::pass ? "" : "not as it should be";
            reports.push_back(std::move(report));
        }
        if (check_results.size() > 1) check_results.erase(check_results.begin());
        co_return reports;
    }
};

}  // namespace agent::testing
