// backup.restore_test: a sample of the last backup, restored into a folder of its own, compared, and removed. What came
// of it is written where the check looks for it, and stays there whatever else happens: it is true.
#include "codec/json.hpp"
#include "crypto/random.hpp"
#include "healing/actions.hpp"
#include "healing/backup_place.hpp"
#include "healing/fixed_paths.hpp"
#include "healing/restore_test.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t restored_paths_most = 64;
constexpr std::string_view scratch_prefix{"compliance-agent-restore-"};

Value nothing_restored(const std::string& location) {
    return Value::object({{"location", location}, {"restored", "nothing"}});
}

std::string describe_removal(const Value& saved) {
    const auto* scratch = saved.find("scratch");
    return "remove the scratch folder " +
           (scratch != nullptr && scratch->string() != nullptr ? *scratch->string() : std::string{"(unknown)"}) +
           "; a result of the test that was written down stays";
}

Task<Value> remove_scratch(const ActionTools& /*tools*/, Value saved) {
    const auto* scratch = saved.find("scratch");
    const auto* location = saved.find("location");
    if (scratch == nullptr || scratch->string() == nullptr || location == nullptr || location->string() == nullptr)
        co_return Error{Errc::corrupt, "what was kept of the restore test cannot be read"};
    const std::filesystem::path folder{*scratch->string()};
    if (!folder.is_absolute() || !folder.filename().native().starts_with(scratch_prefix))
        co_return Error{Errc::corrupt, "not a scratch folder of a restore test: " + folder.native()};
    AGENT_CO_TRY(remove_folder(folder));
    co_return nothing_restored(*location->string());
}

class BackupRestoreTest final : public Action {
public:
    explicit BackupRestoreTest(RestoreRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "backup.restore_test"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& /*params*/) override {
        AGENT_CO_TRY(const auto place, place_to_restore(tools));
        PlanStep step;
        step.action = name();
        step.current = nothing_restored(place.location());
        step.desired = step.current;
        step.desired.set("restored", "and compared");
        if (rule_.paths.empty())
            step.desired.set("files_at_random", static_cast<std::int64_t>(rule_.sample));
        else
            step.desired.set("paths", value_of(rule_.paths));
        const auto& record = place.declared().restore_test_file;
        step.desired.set("result_in", record ? Value{record->native()} : Value{});
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& /*params*/) override {
        constexpr std::size_t digits = 16;
        AGENT_CO_TRY(const auto place, place_to_restore(tools));
        const auto scratch = rule_.scratch / (std::string{scratch_prefix} + random_hex(digits));
        co_return std::optional{Value::object({{"scratch", scratch.native()}, {"location", place.location()}})};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto place, place_to_restore(tools));
        const auto* scratch = saved ? saved->find("scratch") : nullptr;
        if (scratch == nullptr || scratch->string() == nullptr)
            co_return Error{Errc::corrupt, "no scratch folder was written down"};
        const std::filesystem::path folder{*scratch->string()};
        auto tried = co_await test_restore(tools, place, rule_, folder);
        StepOutcome outcome;
        outcome.state = nothing_restored(place.location());
        std::error_code ignored;
        // A folder that could not be removed is tried again by the undo.
        outcome.touched = std::filesystem::exists(std::filesystem::symlink_status(folder, ignored));
        if (tried.has_error()) {
            outcome.why = "no restore could be tested: " + tried.error().message();
            co_return outcome;
        }
        auto& result = tried.value();
        outcome.taken = std::move(result.taken);
        outcome.state = facts_of(place, result);
        outcome.why = result.failure;
        const auto recorded = record(place, result, tools.time.wall_now());
        if (recorded.has_error()) outcome.why += (outcome.why.empty() ? "" : "; ") + recorded.error().message();
        if (outcome.touched) outcome.why += (outcome.why.empty() ? "" : "; ") + folder.native() + " is still there";
        outcome.succeeded = outcome.why.empty();
        co_return outcome;
    }

private:
    [[nodiscard]] static Result<BackupPlace> place_to_restore(const ActionTools& tools) {
        AGENT_TRY(auto place, BackupPlace::declared_in(tools.baseline()));
        if (place.tool() == nullptr)
            return Error{Errc::refused, "the baseline only names a status_file: from where to restore is not known"};
        return place;
    }

    [[nodiscard]] static Value facts_of(const BackupPlace& place, const RestoreResult& result) {
        auto facts = nothing_restored(place.location());
        facts.set("restored", result.failure.empty() ? "ok" : "failed");
        facts.set("backup", Value::object({{"id", result.backup.id}, {"time", format_rfc3339(result.backup.time)}}));
        facts.set("files", static_cast<std::int64_t>(result.files.size()));
        facts.set("bytes", static_cast<std::int64_t>(bytes_of(result.files)));
        facts.set("list_complete", result.list_complete);
        facts.set("compared_with_backup", result.restored.compared_with_backup);
        facts.set("compared_with_live", result.restored.compared_with_live);
        return facts;
    }

    // In the form of config/README.md, which the check reads.
    [[nodiscard]] static Result<> record(const BackupPlace& place, const RestoreResult& result, WallTime now) {
        const auto& file = place.declared().restore_test_file;
        if (!file) return ok();
        const auto text = write_json(Value::object(
            {{"last_restore_test", format_rfc3339(now)}, {"result", result.failure.empty() ? "ok" : "failed"}}));
        return in_context(replace_file(*file, text + "\n", FileAttributes{}),
                          "writing the result to " + file->native());
    }

    RestoreRule rule_;
};

}  // namespace

const Undo undo_of_backup_restore_test{&describe_removal, &remove_scratch};

std::unique_ptr<Action> read_backup_restore_test(MapReader& step, StepScope& /*scope*/) {
    constexpr std::int64_t sample_most = 1000;
    constexpr std::int64_t mebibytes_most = 256;
    RestoreRule rule;
    if (step.node("paths") != nullptr) rule.paths = read_fixed_paths(step, "paths", restored_paths_most);
    const auto sample = step.integer("sample", 1, sample_most);
    if (sample && step.node("paths") != nullptr)
        step.fault("sample", "goes without `paths` only, which name the files");
    if (sample) rule.sample = static_cast<std::size_t>(*sample);
    if (const auto most = step.integer("max_mib", 1, mebibytes_most))
        rule.mebibytes = static_cast<std::uint64_t>(*most);
    rule.scratch = step.path("scratch").value_or(rule.scratch);
    rule.timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::hours{12}).value_or(rule.timeout);
    return std::make_unique<BackupRestoreTest>(std::move(rule));
}

}  // namespace agent
