#include "drift/backup/backup_report.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "drift/backup/backup_tool.hpp"
#include "drift/backup/known_sizes.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

// Clocks of hosts differ a little.
constexpr Duration clock_tolerance{std::chrono::minutes{10}};
constexpr std::int64_t percent = 100;

std::int64_t seconds(Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

std::string in_units(std::int64_t bytes) {
    static constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    constexpr double step = 1024.0;
    auto number = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; number >= step && unit + 1 < units.size(); ++unit) number /= step;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f " : "%.1f ", number);
    return text.data() + std::string{units.at(unit)};
}

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + agent::quoted(name, 64);
    return text;
}

class Judge {
public:
    Judge(const BackupBaseline& baseline, const BackupView& view, WallTime now)
        : baseline_{baseline}, view_{view}, now_{now}, report_{report_on(baseline.common)} {}

    CheckReport judge() {
        describe();
        judge_source();
        judge_last_success();
        judge_last_run();
        judge_size();
        judge_restore_test();
        for (const auto& secret : view_.secrets) judge_secret(secret);
        conclude(report_, baseline_.common);
        return std::move(report_);
    }

private:
    [[nodiscard]] bool is_status_file() const { return baseline_.kind == BackupKind::status_file; }
    [[nodiscard]] std::string source() const {
        return is_status_file() ? baseline_.status_file.native() : without_password(baseline_.repository);
    }
    void both(std::string name, const Value& value) {
        report_.state.set(name, value);
        report_.facts.set(std::move(name), value);
    }
    // `word` is what the state says of the condition.
    void tell(Finding finding, std::string_view word) {
        report_.state.set(finding.condition, word);
        report_.findings.push_back(std::move(finding));
    }
    void unknown(std::string condition, Severity severity, std::string expected, const Error& error) {
        tell(undetermined(std::move(condition), severity, std::move(expected), error), to_string(error.code()));
    }

    void describe() {
        static constexpr std::array<std::string_view, 4> kind_names{"", "restic", "borg", "status_file"};
        both("kind", kind_names.at(static_cast<std::size_t>(baseline_.kind)));
        both("location", source());
        if (!is_status_file()) both("host", view_.host);
    }

    // Whether the tool, or the file, answered at all, and whether it answered for everything.
    void judge_source() {
        const std::string condition = is_status_file() ? "status_file" : "repository";
        if (view_.points.has_error())
            return unknown(condition, baseline_.common.severity, "readable", view_.points.error());
        if (view_.damage)
            return unknown(condition, baseline_.common.severity, "every backup in it can be read", *view_.damage);
        tell(fine(condition, "readable", source()), "readable");
    }

    void judge_last_success() {
        const auto expected = "at most " + describe_duration(baseline_.age_high) + " ago";
        if (view_.points.has_error()) {
            const Error unasked{view_.points.error().code(), "unknown: " + view_.points.error().message()};
            return unknown("last_success", baseline_.common.severity, expected, unasked);
        }
        const auto& points = view_.points.value();
        report_.facts.set("backups_seen", static_cast<std::int64_t>(points.size()));
        if (!view_.other_hosts.empty()) report_.facts.set("other_hosts", Value::strings(view_.other_hosts));
        if (points.empty()) return tell(drifted("last_success", Severity::high, expected, "none", no_backup()), "none");
        const auto& newest = points.back();
        const auto age = now_ - newest.time;
        report_.facts.set("newest", Value::object({{"id", newest.id},
                                                   {"time", format_rfc3339(newest.time)},
                                                   {"age_sec", seconds(age)},
                                                   {"host", newest.host},
                                                   {"paths", Value::strings(newest.paths)}}));
        if (age < -clock_tolerance) return unknown("last_success", Severity::high, expected, ahead(newest.time));
        const auto shown = describe_duration(std::max(age, Duration{0})) + " ago";
        if (age <= baseline_.age_high) return tell(fine("last_success", expected, shown), "recent");
        const bool is_critical = age > baseline_.age_critical;
        tell(drifted(
                 "last_success", is_critical ? Severity::critical : Severity::high, expected, shown,
                 "the last backup is of " + shown + " (" + format_rfc3339(newest.time) + "): look at the backup job"),
             is_critical ? "very old" : "old");
    }
    [[nodiscard]] std::string no_backup() const {
        if (is_status_file()) return source() + " tells of no backup that succeeded";
        if (view_.other_hosts.empty()) return "no backup in " + source() + " fits the baseline";
        return "no backup of host " + agent::quoted(view_.host, 64) + " in " + source() + ", only of " +
               list_of(view_.other_hosts) + "; set checks.backup_verification.host if one of these is meant";
    }
    [[nodiscard]] static Error ahead(WallTime time) {
        return Error{Errc::untrusted,
                     "dated after this host's clock (" + format_rfc3339(time) + "): the clock here or there is wrong"};
    }

    void judge_last_run() {
        if (!view_.last_run) return;
        if (*view_.last_run == JobResult::ok) return tell(fine("last_run", "ok", "ok"), "ok");
        tell(drifted("last_run", Severity::high, "ok", "failed",
                     "the last run of the backup job failed: look at its log"),
             "failed");
    }

    void judge_size() {
        if (baseline_.size_of_last == 0 || view_.points.has_error() || view_.points.value().empty()) return;
        const auto expected = "at least " + std::to_string(baseline_.size_percent) + " % of the median of the last " +
                              std::to_string(baseline_.size_of_last);
        if (!view_.size && view_.size_unknown)
            return unknown("size", baseline_.common.severity, expected, *view_.size_unknown);
        if (!view_.size) {
            auto untold = fine("size", expected, "unknown");
            untold.result = CheckResult::not_applicable;
            untold.reason = "the status file tells of no size_bytes";
            return tell(std::move(untold), "unknown");
        }
        report_.facts.set("size_bytes", *view_.size);
        if (*view_.size == 0)
            return tell(drifted("size", Severity::high, expected, "0 B", "the last backup is empty"), "empty");
        Value::Array earlier{view_.earlier_sizes.begin(), view_.earlier_sizes.end()};
        report_.facts.set("earlier_sizes_bytes", std::move(earlier));
        const auto shown = in_units(*view_.size);
        if (view_.earlier_sizes.empty())
            return tell(fine("size", expected, shown + ", no earlier one to compare with"), "usual");
        const auto median = median_of(view_.earlier_sizes);
        report_.facts.set("median_bytes", median);
        const auto found = shown + ", median " + in_units(median);
        const auto least = static_cast<double>(median) / percent * static_cast<double>(baseline_.size_percent);
        if (static_cast<double>(*view_.size) >= least) return tell(fine("size", expected, found), "usual");
        tell(drifted("size", Severity::high, expected, found,
                     "the last backup is only " + shown + ", but the median of the " +
                         std::to_string(view_.earlier_sizes.size()) + " before is " + in_units(median) +
                         ": something may be missing in it"),
             "collapsed");
    }

    void judge_restore_test() {
        const auto expected = "ok, at most " + describe_duration(baseline_.restore_age_most) + " ago";
        if (view_.restore_test.has_error())
            return unknown("restore_test", Severity::medium, expected, view_.restore_test.error());
        const auto& test = view_.restore_test.value();
        if (!test)
            return tell(drifted("restore_test", Severity::medium, expected, "unknown",
                                "no restore test is known: a backup that was never restored is a hope; have the test "
                                "write a file and set checks.backup_verification.restore_test_file"),
                        "unknown");
        if (test->result == JobResult::failed)
            return tell(drifted("restore_test", Severity::high, expected, "failed",
                                "the last restore test failed: the backup may be useless"),
                        "failed");
        if (!test->last)
            return tell(drifted("restore_test", Severity::medium, expected, "never", "no restore was ever tested"),
                        "never");
        const auto age = now_ - *test->last;
        report_.facts.set("last_restore_test",
                          Value::object({{"time", format_rfc3339(*test->last)}, {"age_sec", seconds(age)}}));
        if (age < -clock_tolerance) return unknown("restore_test", Severity::medium, expected, ahead(*test->last));
        const auto shown = describe_duration(std::max(age, Duration{0})) + " ago";
        if (age <= baseline_.restore_age_most) return tell(fine("restore_test", expected, shown), "recent");
        tell(drifted("restore_test", Severity::medium, expected, shown,
                     "the last restore test is of " + shown + ": test a restore"),
             "old");
    }

    void judge_secret(const SecretFile& secret) {
        constexpr std::string_view expected{"accessible to its owner only"};
        if (secret.facts.has_error())
            return unknown(secret.condition, baseline_.common.severity, std::string{expected}, secret.facts.error());
        const auto& facts = secret.facts.value();
        std::array<char, 16> mode{};
        std::snprintf(mode.data(), mode.size(), "%04o", facts.mode);
        both(secret.condition + "_facts",
             Value::object({{"path", secret.path.native()}, {"mode", mode.data()}, {"owner", facts.owner}}));
        const auto found = std::string{mode.data()} + ", owner " + facts.owner;
        if (!is_open_to_others(facts) && !is_changed_by_others(facts, geteuid()))
            return tell(fine(secret.condition, std::string{expected}, found), "closed");
        tell(drifted(secret.condition, Severity::medium, std::string{expected}, found,
                     secret.path.native() + " is open to others than its owner (" + found +
                         "): whoever reads it can read the backups; run: chmod 0600 " + secret.path.native()),
             "open");
    }

    const BackupBaseline& baseline_;
    const BackupView& view_;
    WallTime now_;
    CheckReport report_;
};

}  // namespace

CheckReport judge_backup(const BackupBaseline& baseline, const BackupView& view, WallTime now) {
    return Judge{baseline, view, now}.judge();
}

CheckReport report_undeclared(const BackupBaseline& baseline) {
    auto report = report_on(baseline.common);
    report.state = Value::object({{"kind", nullptr}});
    report.facts = report.state;
    report.findings.push_back(
        drifted("last_success", Severity::high, "at most " + describe_duration(baseline.age_high) + " ago", "unknown",
                "no backup is declared; set checks.backup_verification.kind and where the "
                "backups are (config/README.md), or `enabled: false` where this host needs none"));
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
