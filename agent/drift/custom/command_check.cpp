#include "drift/custom/command_check.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/report.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

constexpr std::size_t output_most = 64UL * 1024UL;
constexpr std::size_t shown_most = 200;
constexpr int exit_status_most = 255;
constexpr std::size_t arguments_most = 64;

std::string without_line_ends(std::string text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

void judge_output(const CommandBaseline& baseline, const CommandExit& exit, CheckReport& report) {
    const auto severity = baseline.common.severity;
    const auto& program = baseline.argv.front();
    const auto text = without_line_ends(exit.standard_output.head);
    const auto found = agent::quoted(text, shown_most);
    const bool is_cut = !exit.standard_output.tail.empty();
    const Error too_much{Errc::malformed, program + " printed more than " + std::to_string(output_most) + " bytes"};
    const auto judge = [&](const std::string& condition, const std::string& expected, bool is_right, bool is_known) {
        if (!is_known) return report.findings.push_back(undetermined(condition, severity, expected, too_much));
        report.state.set(condition, is_right);
        if (is_right) return report.findings.push_back(fine(condition, expected, found));
        report.findings.push_back(
            drifted(condition, severity, expected, found, program + " printed " + found + ", not " + expected));
    };
    if (baseline.output)
        judge("output", agent::quoted(*baseline.output, shown_most), text == without_line_ends(*baseline.output),
              !is_cut);
    if (baseline.contains) {
        const bool is_there = text.find(*baseline.contains) != std::string::npos;
        judge("contains", "something with " + agent::quoted(*baseline.contains, shown_most), is_there,
              is_there || !is_cut);
    }
}

CheckReport judge_run(const CommandBaseline& baseline, const Result<CommandExit>& run) {
    auto report = report_on(baseline.common);
    const auto severity = baseline.common.severity;
    const auto expected = std::to_string(baseline.status);
    report.state = Value::object({{"argv", Value::strings(baseline.argv)}});
    if (run.has_error()) {
        report.facts = report.state;
        report.findings.push_back(undetermined("status", severity, expected, run.error()));
    } else {
        const auto& exit = run.value();
        const auto found = std::to_string(exit.status);
        report.state.set("status", exit.status);
        report.findings.push_back(
            exit.status == baseline.status
                ? fine("status", expected, found)
                : drifted("status", severity, expected, found,
                          baseline.argv.front() + " ended with status " + found + ", not " + expected));
        judge_output(baseline, exit, report);
        report.facts = report.state;
        report.facts.set("standard_output", exit.standard_output.head.substr(0, shown_most));
        report.facts.set("standard_error", exit.standard_error.head.substr(0, shown_most));
        report.facts.set("took_ms", std::int64_t{exit.took.count()});
    }
    conclude(report, baseline.common);
    return report;
}

}  // namespace

Result<> only_roots(const std::filesystem::path& program) {
    std::error_code failed;
    // What a link leads to is what runs; who may change the link is looked at where it lies.
    const auto real = std::filesystem::canonical(program, failed);
    if (failed) return file_error(failed.value(), "search", program);
    for (const auto& start : {program.lexically_normal(), real}) {
        for (auto path = start;; path = path.parent_path()) {
            struct stat status {};
            if (::lstat(path.c_str(), &status) != 0) return file_error(errno, "search", path);
            const bool is_link = S_ISLNK(status.st_mode);
            const bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
            const bool is_open = !is_link && !is_sticky && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
            if (status.st_uid != 0)
                return Error{Errc::refused, path.native() + " belongs to somebody else than root: not run"};
            if (is_open) return Error{Errc::refused, path.native() + " may be written by others than root: not run"};
            if (path == path.parent_path()) break;
        }
    }
    return ok();
}

std::shared_ptr<const Check> read_command_check(MapReader& keys, CheckName name) {
    CommandBaseline command;
    command.common.name = std::move(name);
    command.common.controls = {{"164.308(a)(8)"}, {"CM-6"}};
    command.common = read_settings(keys, std::move(command.common));
    command.argv = keys.texts("argv").value_or(std::vector<std::string>{});
    keys.require("argv", "it is the program and its arguments, as in [/usr/bin/id, -u]");
    const bool is_absolute = !command.argv.empty() && command.argv.front().starts_with('/');
    if (keys.node("argv") != nullptr && !is_absolute) keys.fault("argv", "must begin with an absolute path");
    if (command.argv.size() > arguments_most) keys.fault("argv", "at most 64 words");
    command.status = static_cast<int>(keys.integer("status", 0, exit_status_most).value_or(0));
    command.output = keys.text("output");
    command.contains = keys.text("contains");
    return std::make_shared<CommandCheck>(std::move(command));
}

Task<CommandExit> CommandCheck::run_once(CheckTools& tools) const {
    AGENT_CO_TRY(only_roots(baseline_.argv.front()));
    Command command;
    command.program = baseline_.argv.front();
    command.arguments.assign(baseline_.argv.begin() + 1, baseline_.argv.end());
    command.deadline = tools.patience();
    command.head_limit = output_most;
    command.tail_limit = 1;
    auto run = co_await tools.processes.run(std::move(command));
    co_return in_context(std::move(run), baseline_.argv.front());
}

Task<CheckReport> CommandCheck::look(CheckTools& tools, std::string&) const {
    auto run = co_await run_once(tools);
    if (run.has_error() && run.error().code() == Errc::cancelled) co_return std::move(run).error();
    co_return judge_run(baseline_, run);
}

std::string CommandCheck::explain() const {
    std::string text = "Runs, without a shell,";
    for (const auto& word : baseline_.argv) text += " " + agent::quoted(word, 80);
    text += ", which must end with status " + std::to_string(baseline_.status);
    if (baseline_.output) text += ", print " + agent::quoted(*baseline_.output, shown_most);
    if (baseline_.contains) text += ", print something with " + agent::quoted(*baseline_.contains, shown_most);
    return text + ". A program that others than root could change is not run.";
}

Task<Learnt> CommandCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from = "a run of " + baseline_.argv.front();
    auto run = co_await run_once(tools);
    if (run.has_error() && run.error().code() == Errc::cancelled) co_return std::move(run).error();
    if (run.has_error()) {
        learnt.unknown.push_back(run.error().message());
        co_return learnt;
    }
    const auto& exit = run.value();
    learnt.lines = "status: " + std::to_string(exit.status) + '\n';
    const auto text = without_line_ends(exit.standard_output.head);
    if (baseline_.output && (text.empty() || text.size() > shown_most || text.find('\n') != std::string::npos))
        learnt.remarks.emplace_back("what it printed is no single short line; what is expected of it stays as it is");
    else if (baseline_.output)
        learnt.say("output", text);
    co_return learnt;
}

}  // namespace agent
