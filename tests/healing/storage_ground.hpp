#pragma once
// Runbooks on real repositories and prepared storage, verified by the real checks.
#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "healing/engine.hpp"
#include "support/check_ground.hpp"
#include "support/fake_confirmation.hpp"

namespace agent::testing {

class UnwrittenJournal final : public RunJournal {
public:
    std::vector<BegunStep> steps;
    Result<> keep_rollback(const std::vector<RollbackStep>&) override { return ok(); }
    Result<> begin_step(const BegunStep& step) override {
        steps.push_back(step);
        return ok();
    }
    Result<> end_step(const EndedStep&) override { return ok(); }
    Result<> enter(RunState) override { return ok(); }
    Result<bool> confirm() override { return true; }
};

// A service manager with one unit, which runs a real program when it is started.
class OneJob final : public UnitManager {
public:
    explicit OneJob(ProcessRunner& processes) : processes_{processes} {}
    std::string unit;
    Command job;
    UnitState now{FakeUnits::with_state("inactive", "dead")};
    int starts{};

    Task<UnitState> state(std::string name) override {
        auto seen = now;
        if (name != unit) seen.load_state = "not-found";
        co_return seen;
    }
    Task<> run_job(std::string, UnitJob, Duration) override {
        ++starts;
        auto command = job;
        auto ended = co_await processes_.run(std::move(command));
        const bool fine = ended.has_value() && ended.value().status == 0;
        now = FakeUnits::with_state(fine ? "inactive" : "failed", fine ? "dead" : "failed");
        if (fine) co_return ok();
        co_return Error{Errc::refused, "the restart ended as \"failed\""};
    }

    Task<> enable(std::string) override { co_return Error{Errc::refused, "not asked for here"}; }
    Task<> disable(std::string) override { co_return Error{Errc::refused, "not asked for here"}; }

private:
    ProcessRunner& processes_;
};

class StorageGround {
public:
    explicit StorageGround(CheckGround& ground) : ground_{ground}, units{ground.processes} {}

    void declare(std::shared_ptr<const Check> check) {
        baseline = std::make_shared<Baseline>();
        baseline->checks.push_back(std::move(check));
    }
    // With these further lines.
    const Runbook& runbook(const std::string& lines) {
        ground_.folder.write("runbooks/one.yaml",
                             "id: RB-ONE\nname: one\ndescription: one\ndisruptive: false\n" + lines);
        return load(ground_.folder.path() / "runbooks", "RB-ONE");
    }
    const Runbook& shipped(const char* id) { return load(std::filesystem::path{TEST_SOURCE_DIR} / "runbooks", id); }
    EvidenceDraft apply(const Runbook& runbook, Value params = Value::Object{}) {
        HealingEngine engine{tools()};
        const LocalMandate mandate{Trigger::manual, std::move(params)};
        return run(ground_.io, engine.apply(runbook, &mandate, journal, confirmation));
    }
    Result<Plan> plan(const Runbook& runbook, const Value& params = Value::Object{}) {
        HealingEngine engine{tools()};
        return run(ground_.io, engine.plan(runbook, params));
    }
    [[nodiscard]] ActionTools tools() {
        return ActionTools{ground_.processes, units, ground_.time,
                           [this](std::vector<CheckName> names) { return look(std::move(names)); },
                           [this] { return baseline; }};
    }

    std::shared_ptr<Baseline> baseline;
    UnwrittenJournal journal;
    FakeConfirmation confirmation;

private:
    const Runbook& load(const std::filesystem::path& folder, const char* id) {
        auto loaded = RunbookCatalogue::load(folder);
        for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
        catalogue_ = std::move(loaded.catalogue);
        const auto* found = catalogue_.find(RunbookId{id});
        if (found == nullptr) throw std::runtime_error{"no such runbook"};
        return *found;
    }
    Task<std::vector<CheckReport>> look(std::vector<CheckName> names) {
        RoundParts parts{ground_.time, ground_.processes, units,  CheckGround::short_limit * 20,
                         std::nullopt, nullptr,           nullptr};
        auto looked = co_await run_checks(*baseline, std::move(names), std::move(parts));
        AGENT_CO_TRY(auto outcomes, std::move(looked));
        std::vector<CheckReport> reports;
        for (auto& outcome : outcomes) reports.push_back(std::move(outcome.report));
        co_return reports;
    }

    CheckGround& ground_;
    RunbookCatalogue catalogue_;

public:
    OneJob units;
};

}  // namespace agent::testing
