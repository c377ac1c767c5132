#include "drift/av_edr/av_edr_report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/av_edr/clamav_report.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

std::string words_of(const UnitState& unit) {
    if (unit.load_state != "loaded") return unit.load_state;
    return unit.active_state + " (" + unit.sub_state + ")";
}

std::string why_it_is_down(const AvEdrBaseline& baseline, const UnitState& unit) {
    std::string text = baseline.unit + " is " + words_of(unit);
    if (unit.load_state == "not-found") {
        text += ": no such unit on this host; install the scanner, or name yours in the baseline (product, unit)";
        return text;
    }
    if (unit.load_state == "masked") return text + "; run: systemctl unmask " + baseline.unit;
    if (!unit.condition_result) text += ": a condition of the unit does not hold";
    return text + "; see: systemctl status " + baseline.unit;
}

void judge_unit(const AvEdrBaseline& baseline, const Result<UnitState>& unit, CheckReport& report) {
    if (unit.has_error())
        return report.findings.push_back(undetermined("unit_active", baseline.common.severity, "active", unit.error()));
    const auto& state = unit.value();
    report.state.set("unit", Value::object({{"name", baseline.unit},
                                            {"load_state", state.load_state},
                                            {"active_state", state.active_state},
                                            {"unit_file_state", state.unit_file_state}}));
    report.facts.set("unit", Value::object({{"name", baseline.unit},
                                            {"load_state", state.load_state},
                                            {"active_state", state.active_state},
                                            {"sub_state", state.sub_state},
                                            {"result", state.result},
                                            {"condition_result", state.condition_result},
                                            {"unit_file_state", state.unit_file_state},
                                            {"invocation_id", state.invocation_id},
                                            {"restarts", std::int64_t{state.restarts}}}));
    if (state.is_active()) return report.findings.push_back(fine("unit_active", "active", words_of(state)));
    report.findings.push_back(
        drifted("unit_active", Severity::critical, "active", words_of(state), why_it_is_down(baseline, state)));
}

void judge_restarts(const AvEdrBaseline& baseline, const Restarts& restarts, WallTime now, CheckReport& report) {
    const bool flaps = is_flapping(restarts, baseline.restarts_window, now);
    const auto window = describe_duration(baseline.restarts_window);
    const auto number = std::to_string(restarts.counted.value_or(0)) + " since it was last started by somebody";
    report.state.set("restarting", flaps);
    if (restarts.grew) report.facts.set("restarts_last_grew", format_rfc3339(*restarts.grew));
    if (!flaps) return report.findings.push_back(fine("restarts", "no new one within " + window, number));
    report.findings.push_back(drifted("restarts", Severity::medium, "no new one within " + window, number,
                                      baseline.unit + " ended by itself and was started again within the last " +
                                          window + " (" + number + "); see: journalctl -u " + baseline.unit));
}

// With what the hash is compared, if with anything.
void judge_hash(const AvEdrBaseline& baseline, const BinaryView& binary, CheckReport& report) {
    const auto& digests = binary.digests.value();
    const auto name = baseline.binary.native();
    const auto compare = [&](const std::string& expected, const std::string& found, const std::string& by) {
        if (expected == found) return report.findings.push_back(fine("binary_hash", expected, found));
        report.findings.push_back(drifted("binary_hash", Severity::high, expected, found,
                                          name + " is not what " + by + ": its content has changed"));
    };
    if (baseline.sha256) return compare(*baseline.sha256, digests.sha256, "the baseline says (sha256)");
    const auto& package = binary.package;
    if (package.has_value() && package.value())
        return compare("MD5 " + package.value()->md5, "MD5 " + digests.md5,
                       "package " + package.value()->package + " brought");
    if (package.has_error() && package.error().code() != Errc::not_found)
        return report.findings.push_back(
            undetermined("binary_hash", baseline.common.severity, "the package's own checksum", package.error()));
    auto finding = fine("binary_hash", "a hash to compare with", digests.sha256);
    finding.result = CheckResult::not_applicable;
    finding.reason = "the content of " + name + " is not compared: " +
                     (package.has_error() ? "there is no dpkg here" : "no package of dpkg has it") +
                     "; set sha256 in the baseline";
    report.findings.push_back(std::move(finding));
}

void judge_binary(const AvEdrBaseline& baseline, const BinaryView& binary, CheckReport& report) {
    const auto name = baseline.binary.native();
    Value facts = Value::object({{"path", name}});
    if (binary.digests.has_value()) {
        facts.set("file", binary.file.native());
        facts.set("sha256", binary.digests.value().sha256);
    }
    report.state.set("binary", facts);
    if (binary.package.has_value() && binary.package.value()) {
        facts.set("package", binary.package.value()->package);
        facts.set("package_md5", binary.package.value()->md5);
        facts.set("md5", binary.digests.has_value() ? binary.digests.value().md5 : "");
    }
    report.facts.set("binary", std::move(facts));
    if (binary.digests.has_value()) {
        report.findings.push_back(fine("binary", "present", "present"));
        return judge_hash(baseline, binary, report);
    }
    const auto& error = binary.digests.error();
    if (error.code() == Errc::not_found)
        return report.findings.push_back(
            drifted("binary", Severity::high, "present", "missing",
                    name + " is missing; install the scanner, or say in the baseline where its program is (binary)"));
    report.findings.push_back(undetermined("binary", baseline.common.severity, "present and readable", error));
}

std::string shown_command(const AvEdrBaseline& baseline) {
    std::string text;
    for (const auto& word : baseline.command) text += (text.empty() ? "" : " ") + word;
    return agent::quoted(text);
}

void judge_command(const AvEdrBaseline& baseline, const Result<CommandExit>& exit, CheckReport& report) {
    auto expected = shown_command(baseline) + " ends with status 0";
    if (baseline.expect) expected += " and prints " + agent::quoted(*baseline.expect);
    if (exit.has_error())
        return report.findings.push_back(undetermined("health", baseline.common.severity, expected, exit.error()));
    const auto& output = exit.value().standard_output;
    const int status = exit.value().status;
    const auto first_line = agent::quoted(output.head.substr(0, output.head.find('\n')));
    report.facts.set("command", Value::object({{"argv", Value::strings(baseline.command)},
                                               {"status", status},
                                               {"printed", first_line},
                                               {"complained", agent::quoted(exit.value().standard_error.head)}}));
    auto state = Value::object({{"status", status}});
    const auto give = [&](Finding finding) {
        report.state.set("command", std::move(state));
        report.findings.push_back(std::move(finding));
    };
    const auto ended = "ended with status " + std::to_string(status);
    if (status != 0)
        return give(drifted("health", Severity::critical, expected, ended, shown_command(baseline) + " " + ended));
    if (!baseline.expect) return give(fine("health", expected, ended));
    const auto has = [&](const std::string& text) { return text.find(*baseline.expect) != std::string::npos; };
    const bool printed = has(output.complete() ? output.head + output.tail : output.head) || has(output.tail);
    if (!printed && !output.complete()) {
        const Error flooded{Errc::malformed, shown_command(baseline) + " printed more than is read, " +
                                                 std::to_string(output.dropped) + " bytes of it unseen"};
        return give(undetermined("health", baseline.common.severity, expected, flooded));
    }
    state.set("printed_as_expected", printed);
    if (printed) return give(fine("health", expected, ended + " and printed it"));
    give(drifted("health", Severity::critical, expected, ended + " and printed " + first_line,
                 shown_command(baseline) + " did not print " + agent::quoted(*baseline.expect) + " but " + first_line));
}

}  // namespace

CheckReport judge_av_edr(const AvEdrBaseline& baseline, const AvEdrView& view, WallTime now) {
    auto report = report_on(baseline.common);
    const char* product = baseline.product == AvProduct::clamav ? "clamav" : "other";
    report.state.set("product", product);
    report.facts.set("product", product);
    if (view.unit) judge_unit(baseline, *view.unit, report);
    if (view.restarts) judge_restarts(baseline, *view.restarts, now, report);
    if (view.clamd) judge_clamav(baseline, *view.clamd, view.signature_file, now, report);
    if (view.binary) judge_binary(baseline, *view.binary, report);
    if (view.command) judge_command(baseline, *view.command, report);
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
