// backup.run: has a backup made, by the tool that the baseline declares or by the host's own unit, and believes it only
// when a new one is seen. There is no undo: a backup too many harms nobody.
#include <algorithm>

#include "base/text.hpp"
#include "healing/actions.hpp"
#include "healing/backup_place.hpp"
#include "healing/backup_work.hpp"
#include "healing/fixed_paths.hpp"
#include "healing/kept_output.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

constexpr std::size_t backed_up_most = 64;

struct BackupRule {
    std::optional<Template> unit;  // else the tool itself, with what follows
    std::vector<std::filesystem::path> paths;
    std::vector<std::filesystem::path> exclude;
    std::string label{"compliance-agent"};
    Duration timeout{std::chrono::hours{2}};
};

// What became of the work, before anybody looks whether a backup came of it.
struct BackupAttempt {
    ActionTaken taken;
    bool ended_well{};
    std::string why;  // where it did not end well
};

Value newest_of(const std::vector<BackupPoint>& points) {
    if (points.empty()) return {};
    return Value::object({{"id", points.back().id}, {"time", format_rfc3339(points.back().time)}});
}

// Of those that were not there before, nor were made before.
const BackupPoint* find_new(const std::vector<BackupPoint>& before, const std::vector<BackupPoint>& after,
                            WallTime started) {
    const auto since = std::chrono::floor<std::chrono::seconds>(started);  // some tools write no fractions
    for (const auto& point : after) {
        const bool was_there = std::any_of(before.begin(), before.end(),
                                           [&point](const BackupPoint& other) { return other.id == point.id; });
        if (!was_there && point.time >= since) return &point;
    }
    return nullptr;
}

bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

class BackupRun final : public Action {
public:
    explicit BackupRun(BackupRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "backup.run"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto place, BackupPlace::declared_in(tools.baseline()));
        PlanStep step;
        step.action = name();
        step.current.set("location", place.location());
        step.desired = step.current;
        step.desired.set("new_backup", true);
        if (rule_.unit) {
            AGENT_CO_TRY(const auto unit, unit_name(params));
            step.desired.set("unit", unit);
        } else {
            AGENT_CO_TRY(const auto command, command_for(place, tools.time.wall_now()));
            AGENT_CO_TRY(check_paths(place));
            step.desired.set("paths", value_of(rule_.paths));
        }
        auto looked = co_await place.look(tools);
        AGENT_CO_TRY(const auto points, std::move(looked));
        step.current.set("newest", newest_of(points));
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& /*saved*/) override {
        AGENT_CO_TRY(const auto place, BackupPlace::declared_in(tools.baseline()));
        auto seen = co_await place.look(tools);
        AGENT_CO_TRY(const auto before, std::move(seen));
        const auto started = tools.time.wall_now();
        Result<BackupAttempt> tried = Error{Errc::refused, "not tried"};
        if (rule_.unit)
            tried = co_await start_unit(tools, params);
        else
            tried = co_await run_tool(tools, place);
        AGENT_CO_TRY(auto attempt, std::move(tried));

        StepOutcome outcome;
        outcome.taken = std::move(attempt.taken);
        outcome.state.set("location", place.location());
        auto looked = co_await place.look(tools);
        if (looked.has_error()) {
            outcome.touched = true;
            outcome.why = attempt.ended_well ? "whether a new backup is there is not known: " : attempt.why + "; ";
            outcome.why += looked.error().message();
            co_return outcome;
        }
        const auto* made = find_new(before, looked.value(), started);
        outcome.touched = attempt.ended_well || made != nullptr || rule_.unit.has_value();
        outcome.state.set("newest", newest_of(looked.value()));
        outcome.succeeded = attempt.ended_well && made != nullptr;
        if (!attempt.ended_well)
            outcome.why = attempt.why + (made != nullptr ? "; a new backup is there, do not rely on it" : "");
        else if (made == nullptr)
            outcome.why = "the backup ended well, but there is no new one in " + place.location() +
                          " that counts for the check: compare host, tags, paths and archives of the baseline";
        co_return outcome;
    }

private:
    [[nodiscard]] Result<std::string> unit_name(const Value& params) const {
        AGENT_TRY(auto unit, rule_.unit->fill(params));
        AGENT_TRY(check_unit_name(unit));
        return unit;
    }

    [[nodiscard]] Result<Command> command_for(const BackupPlace& place, WallTime now) const {
        if (place.tool() == nullptr)
            return Error{Errc::refused,
                         "the baseline only names a status_file: let backup.run start the host's own "
                         "backup with `unit`"};
        return work_of(*place.tool()).back_up(place.declared(), {rule_.paths, rule_.exclude, rule_.label, now});
    }

    // The tools back up a link as a link, and leave out what is missing.
    [[nodiscard]] Result<> check_paths(const BackupPlace& place) const {
        const std::filesystem::path repository{place.declared().repository};
        for (const auto& path : rule_.paths) {
            std::error_code failed;
            const auto status = std::filesystem::symlink_status(path, failed);
            if (!std::filesystem::exists(status))
                return Error{Errc::refused, path.native() + " is not there to be backed up: correct `paths`"};
            if (std::filesystem::is_symlink(status))
                return Error{Errc::refused, path.native() +
                                                " is a link, which would be backed up instead of what it "
                                                "leads to: name that in `paths`"};
            const bool is_left_out =
                std::any_of(rule_.exclude.begin(), rule_.exclude.end(),
                            [&repository](const auto& folder) { return is_within(repository, folder); });
            if (is_within(repository, path) && !is_left_out)
                return Error{Errc::refused, "the repository is in " + path.native() +
                                                " and would be backed up into itself: name it in `exclude`"};
        }
        return ok();
    }

    [[nodiscard]] Task<BackupAttempt> run_tool(const ActionTools& tools, const BackupPlace& place) const {
        AGENT_CO_TRY(auto command, command_for(place, tools.time.wall_now()));
        AGENT_CO_TRY(check_paths(place));
        BackupAttempt attempt;
        attempt.taken.command = argv_of(command);
        command.deadline = rule_.timeout;
        auto ended = co_await place.run(tools, std::move(command));
        if (ended.has_error()) {
            attempt.why = std::string{place.tool()->name} + ": " + ended.error().message();
            co_return attempt;
        }
        const auto& exit = ended.value();
        const auto& work = work_of(*place.tool());
        attempt.taken.exit_code = exit.status;
        keep_output(exit, attempt.taken);
        attempt.ended_well = work.is_complete(exit);
        if (!attempt.ended_well)
            attempt.why = explain_failure(*place.tool(), exit.status, exit.standard_error.head).message();
        co_return attempt;
    }

    [[nodiscard]] Task<BackupAttempt> start_unit(const ActionTools& tools, const Value& params) const {
        AGENT_CO_TRY(const auto unit, unit_name(params));
        auto looked = co_await tools.units.state(unit);
        AGENT_CO_TRY(const auto before, std::move(looked));
        if (before.load_state != "loaded")
            co_return Error{Errc::refused, unit + " is " + before.load_state +
                                               ": name the unit that makes this host's backup in `unit`"};
        // To restart what is at work would cut that backup short.
        if (before.active_state == "activating" || before.active_state == "deactivating" ||
            before.sub_state == "running")
            co_return Error{Errc::refused, unit + " is at work already: wait until it has ended"};
        BackupAttempt attempt;
        auto started = co_await tools.units.run_job(unit, UnitJob::restart, rule_.timeout);
        auto state = co_await tools.units.state(unit);
        if (started.has_error())
            attempt.why = "starting " + unit + ": " + started.error().message();
        else if (state.has_error())
            attempt.why = unit + " was started, but its state is unknown: " + state.error().message();
        else if (state.value().active_state == "failed" || !state.value().condition_result)
            attempt.why = unit + (state.value().condition_result ? " failed" : " did nothing: a condition is not met") +
                          "; see: journalctl -u " + unit;
        else
            attempt.ended_well = true;
        co_return attempt;
    }

    BackupRule rule_;
};

}  // namespace

std::unique_ptr<Action> read_backup_run(MapReader& step, StepScope& scope) {
    BackupRule rule;
    const auto unit = step.text("unit");
    const auto* paths = step.node("paths");
    if (paths != nullptr) rule.paths = read_fixed_paths(step, "paths", backed_up_most);
    if (step.node("exclude") != nullptr) rule.exclude = read_fixed_paths(step, "exclude", backed_up_most);
    if (auto label = step.text("label")) rule.label = *std::move(label);
    if (!is_name(rule.label, 1, 64)) step.fault("label", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
    rule.timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::hours{12}).value_or(rule.timeout);
    if (!unit && paths == nullptr)
        step.fault("paths", "missing; what is to be backed up, or `unit`: the host's own unit that makes the backup");
    if (unit)
        for (const auto* other : {"paths", "exclude", "label"})
            if (step.node(other) != nullptr) step.fault(other, "goes without `unit` only, which knows that by itself");
    if (!unit) return std::make_unique<BackupRun>(std::move(rule));
    auto name = Template::parse(*unit, scope, step, "unit");
    if (!name) return nullptr;
    if (name->is_fixed())
        if (auto sound = check_unit_name(*unit); sound.has_error()) step.fault("unit", sound.error().message());
    rule.unit = std::move(name);
    return std::make_unique<BackupRun>(std::move(rule));
}

}  // namespace agent
