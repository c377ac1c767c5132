#include "drift/av_edr/clamav_report.hpp"

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

// clamd tells a local time without its zone: a day is more than any two zones of one host can differ by.
constexpr Duration clock_tolerance{std::chrono::days{1}};
constexpr auto expected_detection = "the EICAR test file is found";

void judge_ping(const AvEdrBaseline& baseline, const Result<>& ping, CheckReport& report) {
    if (ping.has_value()) {
        report.state.set("answers", true);
        return report.findings.push_back(fine("answers", "PONG", "PONG"));
    }
    if (ping.error().code() != Errc::unreachable)
        return report.findings.push_back(undetermined("answers", baseline.common.severity, "PONG", ping.error()));
    // That nobody listens is a fact, not a gap in what we know.
    report.state.set("answers", false);
    report.findings.push_back(drifted("answers", Severity::critical, "PONG", "nobody listens",
                                      ping.error().message() + ": nothing is scanned"));
}

void judge_detection(const AvEdrBaseline& baseline, const Result<std::optional<std::string>>& verdict,
                     CheckReport& report) {
    if (verdict.has_error())
        return report.findings.push_back(
            undetermined("detection", baseline.common.severity, expected_detection, verdict.error()));
    const bool found = verdict.value().has_value();
    report.state.set("finds_test_file", found);
    report.facts.set("finds_test_file", found);
    if (!found)
        return report.findings.push_back(
            drifted("detection", Severity::critical, expected_detection, "not found",
                    "clamd did not find the EICAR test file that every scanner knows: it protects from nothing"));
    report.facts.set("test_file_signature", *verdict.value());
    report.findings.push_back(fine("detection", expected_detection, "found as " + agent::quoted(*verdict.value(), 80)));
}

struct SignatureDate {
    WallTime date;
    std::string known_by;
};

Result<SignatureDate> date_of(const ClamdVersion& version, const std::optional<Result<SignatureFile>>& file) {
    if (version.date)
        return SignatureDate{*version.date, "clamd's answer, database " + std::to_string(*version.database)};
    if (!file) return Error{Errc::not_found, "clamd knows no date of its signatures"};
    if (file->has_error()) return file->error();
    return SignatureDate{file->value().changed, "the newest signature file, " + file->value().name};
}

void judge_signatures(const AvEdrBaseline& baseline, const Result<SignatureDate>& signatures, WallTime now,
                      CheckReport& report) {
    const auto expected = "at most " + describe_duration(baseline.signatures_age_most);
    if (signatures.has_error())
        return report.findings.push_back(
            undetermined("signatures_age", baseline.common.severity, expected, signatures.error()));
    const auto& [date, known_by] = signatures.value();
    const auto age = now - date;
    report.facts.set("signatures_date", format_rfc3339(date));
    report.facts.set("signatures_date_known_by", known_by);
    report.facts.set("signatures_age_sec", std::chrono::duration_cast<std::chrono::seconds>(age).count());
    if (age < -clock_tolerance) {
        const Error ahead{Errc::untrusted, "the signatures are dated after this host's clock (" + known_by +
                                               "): the clock is wrong, or they are"};
        return report.findings.push_back(undetermined("signatures_age", baseline.common.severity, expected, ahead));
    }
    const auto shown = describe_duration(std::max(Duration{age}, Duration{0})) + " (by " + known_by + ")";
    if (age <= baseline.signatures_age_most) return report.findings.push_back(fine("signatures_age", expected, shown));
    report.findings.push_back(drifted("signatures_age", Severity::high, expected, shown,
                                      "the signatures are of " + shown +
                                          ": newer malware is not known; see: "
                                          "systemctl status clamav-freshclam"));
}

}  // namespace

void judge_clamav(const AvEdrBaseline& baseline, const Result<ClamdAnswers>& clamd,
                  const std::optional<Result<SignatureFile>>& file, WallTime now, CheckReport& report) {
    report.facts.set("socket", baseline.socket.native());
    if (clamd.has_error()) {
        judge_ping(baseline, clamd.error(), report);
        judge_detection(baseline, clamd.error(), report);
        return judge_signatures(baseline, clamd.error(), now, report);
    }
    const auto& [ping, version, verdict] = clamd.value();
    judge_ping(baseline, ping, report);
    judge_detection(baseline, verdict, report);
    if (version.has_error()) return judge_signatures(baseline, version.error(), now, report);
    report.state.set("engine", version.value().engine);
    report.facts.set("engine", version.value().engine);
    if (version.value().database) report.facts.set("database", *version.value().database);
    judge_signatures(baseline, date_of(version.value(), file), now, report);
}

}  // namespace agent
