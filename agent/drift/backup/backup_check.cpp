#include "drift/backup/backup_check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/backup/backup_report.hpp"
#include "drift/backup/backup_tool.hpp"
#include "drift/backup/known_sizes.hpp"
#include "drift/report.hpp"
#include "host/machine.hpp"

namespace agent {
namespace {

// Some 20,000 snapshots; no tool is asked for more than a few of each series.
constexpr std::size_t output_most = 8UL * 1024UL * 1024UL;
constexpr std::size_t file_most = 64UL * 1024UL;

// What one look asks.
class Questions {
public:
    Questions(const BackupTool& tool, CheckTools& tools) : tool_{tool}, tools_{tools} {}

    void use(std::vector<std::string> environment) { environment_ = std::move(environment); }

    // What the tool printed, where it ended well.
    Task<std::string> ask(Command command) {
        command.environment.insert(command.environment.end(), environment_.begin(), environment_.end());
        command.deadline = tools_.patience();
        command.head_limit = output_most;
        auto ended = co_await tools_.processes.run(std::move(command));
        AGENT_CO_TRY(auto exit, std::move(ended));
        if (exit.status != 0) co_return explain_failure(tool_, exit.status, exit.standard_error.head);
        complaints_ = std::move(exit.standard_error.head);
        auto& output = exit.standard_output;
        if (!output.complete() || !output.tail.empty())
            co_return Error{Errc::malformed,
                            std::string{tool_.name} + " printed more than " + std::to_string(output_most) + " bytes"};
        co_return std::move(output.head);
    }
    [[nodiscard]] std::optional<Error> damage() const { return damage_in(tool_, complaints_); }

private:
    const BackupTool& tool_;
    CheckTools& tools_;
    std::vector<std::string> environment_;
    std::string complaints_;
};

bool is_stop(const Error& error) { return error.code() == Errc::cancelled; }

// The environment for the tool; an error where a file that it needs cannot be used.
Result<std::vector<std::string>> prepare(const BackupTool& tool, const BackupBaseline& baseline, BackupView& view) {
    std::vector<std::string> environment;
    if (baseline.password_file) {
        view.secrets.push_back(look_at_secret("password_file", *baseline.password_file));
        if (view.secrets.back().facts.has_error()) return view.secrets.back().facts.error();
    }
    if (baseline.environment_file) {
        view.secrets.push_back(look_at_secret("environment_file", *baseline.environment_file));
        AGENT_TRY(environment, read_environment(tool, view.secrets.back()));
    }
    return environment;
}

// Only those backups that count; the rest as names of hosts.
void choose(const BackupBaseline& baseline, const std::string& here, std::vector<BackupPoint> all, BackupView& view) {
    std::vector<BackupPoint> points;
    for (auto& point : all) {
        if (counts_for(baseline, here, point.host)) {
            points.push_back(std::move(point));
        } else if (std::find(view.other_hosts.begin(), view.other_hosts.end(), point.host) == view.other_hosts.end()) {
            view.other_hosts.push_back(std::move(point.host));
        }
    }
    constexpr std::size_t shown_most = 20;
    if (view.other_hosts.size() > shown_most) view.other_hosts.resize(shown_most);
    view.points = std::move(points);
}

void compare_sizes(const std::vector<BackupPoint>& series, const KnownSizes& sizes, BackupView& view) {
    if (series.empty()) return;
    const auto known = sizes.find(series.front().id);
    if (known != sizes.end()) view.size = known->second;
    view.earlier_sizes = earlier_sizes(series, sizes);
}

Result<std::optional<RestoreTest>> look_at_restore_test(const std::filesystem::path& file) {
    const auto text = read_file(file, file_most);
    if (text.has_error() && text.error().code() == Errc::not_found) return std::optional<RestoreTest>{RestoreTest{}};
    AGENT_TRY(const auto json, Result<std::string>{text});
    AGENT_TRY(const auto test, in_context(parse_restore_test(json), file.native()));
    return std::optional{test};
}

BackupView empty_view() {
    return {{}, Error{Errc::refused, "not asked"}, {}, {}, {}, {}, {}, {}, std::optional<RestoreTest>{}, {}};
}

BackupView look_at_status(const BackupBaseline& baseline, KnownSizes& sizes) {
    auto view = empty_view();
    const auto read = [&baseline]() -> Result<BackupStatus> {
        AGENT_TRY(const auto text, read_file(baseline.status_file, file_most));
        return in_context(parse_backup_status(text), baseline.status_file.native());
    };
    const auto status = read();
    if (status.has_error()) {
        view.points = status.error();
        return view;
    }
    view.last_run = status.value().result;
    if (status.value().last_restore_test)
        view.restore_test = std::optional{RestoreTest{status.value().last_restore_test, JobResult::ok}};
    std::vector<BackupPoint> points;
    if (status.value().last_success) {
        BackupPoint point;
        point.time = *status.value().last_success;
        point.id = format_rfc3339(point.time);
        // Earlier ones are known by their times, which sort as text does.
        for (const auto& [id, size] : sizes)
            if (const auto time = parse_rfc3339(id); time.has_value() && time.value() < point.time)
                points.push_back({id, {}, time.value(), {}, {}, size});
        point.size = status.value().size_bytes;
        points.push_back(std::move(point));
    }
    const auto series = series_of(points, static_cast<std::size_t>(baseline.size_of_last));
    keep_sizes_of(series, sizes);
    compare_sizes(series, sizes, view);
    if (points.size() > 1) points.erase(points.begin(), points.end() - 1);
    view.points = std::move(points);
    return view;
}

// Asks for one size that is not known yet, if any.
Task<> ask_size(Questions& questions, const BackupTool& tool, const BackupBaseline& baseline,
                const std::vector<BackupPoint>& series, KnownSizes& sizes) {
    const auto* point = size_to_ask(series, sizes);
    if (point == nullptr) co_return ok();
    auto command = tool.size(baseline, *point);
    auto answer = co_await questions.ask(std::move(command));
    AGENT_CO_TRY(const auto output, std::move(answer));
    AGENT_CO_TRY(const auto bytes, tool.parse_size(output));
    sizes[point->id] = bytes;
    co_return ok();
}

// Fills `view`; an error only where the look was stopped.
Task<> look_at_repository(const BackupTool& tool, const BackupBaseline& baseline, const BackupHost& host,
                          CheckTools& tools, KnownSizes& sizes, BackupView& view) {
    Questions questions{tool, tools};
    view.host = baseline.host.value_or(host.name);
    auto environment = prepare(tool, baseline, view);
    if (environment.has_error()) {
        view.points = std::move(environment).error();
        co_return ok();
    }
    questions.use(std::move(environment).value());
    auto command = tool.list(baseline);
    auto output = co_await questions.ask(std::move(command));
    if (output.has_error() && is_stop(output.error())) co_return std::move(output).error();
    auto listed = output.has_error() ? Result<std::vector<BackupPoint>>{std::move(output).error()}
                                     : tool.parse_list(output.value());
    if (listed.has_error()) {
        view.points = std::move(listed).error();
        co_return ok();
    }
    view.damage = questions.damage();
    choose(baseline, host.name, std::move(listed).value(), view);
    if (baseline.size_of_last == 0) co_return ok();
    const auto series = series_of(view.points.value(), static_cast<std::size_t>(baseline.size_of_last));
    keep_sizes_of(series, sizes);
    auto asked = co_await ask_size(questions, tool, baseline, series, sizes);
    if (asked.has_error() && is_stop(asked.error())) co_return std::move(asked).error();
    compare_sizes(series, sizes, view);
    if (asked.has_error()) view.size_unknown = std::move(asked).error();
    co_return ok();
}

std::string where(const BackupBaseline& baseline) {
    switch (baseline.kind) {
        case BackupKind::undeclared: return "No backup is declared: set checks.backup_verification.kind.";
        case BackupKind::status_file:
            return "Reads " + baseline.status_file.native() + ", which the backup job writes.";
        case BackupKind::restic:
        case BackupKind::borg: break;
    }
    return std::string{"Asks "} + (baseline.kind == BackupKind::restic ? "restic" : "borg") +
           ", read-only and without its lock, which backups are in " + without_password(baseline.repository) + ".";
}

}  // namespace

BackupHost BackupHost::of_this_machine() { return {host_name()}; }

Task<CheckReport> BackupCheck::look(CheckTools& tools, std::string& notes) const {
    if (baseline_.kind == BackupKind::undeclared) co_return report_undeclared(baseline_);
    auto sizes = read_sizes(notes);
    auto view = empty_view();
    if (baseline_.kind == BackupKind::status_file) {
        view = look_at_status(baseline_, sizes);
    } else {
        const auto& tool = baseline_.kind == BackupKind::restic ? restic_tool() : borg_tool();
        AGENT_CO_TRY(co_await look_at_repository(tool, baseline_, host_, tools, sizes, view));
    }
    if (baseline_.restore_test_file) view.restore_test = look_at_restore_test(*baseline_.restore_test_file);
    if (view.points.has_value()) notes = write_sizes(sizes);
    co_return judge_backup(baseline_, view, tools.time.wall_now());
}

std::string BackupCheck::explain() const {
    return where(baseline_) + " The last backup must be of at most " + describe_duration(baseline_.age_high) +
           " ago (older is high, older than " + describe_duration(baseline_.age_critical) + " critical), not under " +
           std::to_string(baseline_.size_percent) +
           " % of the median of those before (high), and a restore must have been tested within " +
           describe_duration(baseline_.restore_age_most) +
           " (medium). A backup that silently stopped is found on the day it is needed: 45 CFR 164.308(a)(7)(ii)(A) "
           "wants retrievable exact copies of health information, 164.310(d)(2)(iv) a copy before equipment is moved; "
           "NIST 800-53 CP-9 backups, CP-4 their testing. Whether all data in the repository is sound only the tool's "
           "own check and a restore can tell.";
}

}  // namespace agent
