#include "drift/logging/logging_check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "crypto/random.hpp"
#include "drift/logging/canary.hpp"

namespace agent {
namespace {

constexpr std::string_view audit_daemon{"auditd.service"};
constexpr std::size_t token_digits = 32;
constexpr std::size_t output_most = 256UL * 1024UL;
constexpr Duration first_pause{50};
constexpr Duration longest_pause{800};
constexpr Duration program_limit{5'000};

struct Watched {
    Arrival* arrival;
    std::optional<AppendedText> text;  // nothing: the journal
};

std::filesystem::path first_of(const std::vector<std::filesystem::path>& candidates) {
    std::error_code unseen;
    for (const auto& candidate : candidates)
        if (std::filesystem::exists(candidate, unseen)) return candidate;
    return candidates.front();
}

bool sees_too_little(std::string_view told) {
    return told.find("insufficient permissions") != std::string_view::npos ||
           told.find("not seeing messages") != std::string_view::npos;
}

Result<int> seen_in(const CommandExit& exit, const std::string& program, std::string_view token) {
    const auto count = occurrences(exit.standard_output.head, token) + occurrences(exit.standard_output.tail, token);
    if (count > 0) return count;
    const auto& told = exit.standard_error.head;
    if (sees_too_little(told))
        return Error{Errc::system,
                     "the journal may not be read: run as root, or as a member of the group "
                     "systemd-journal or adm"};
    const bool is_empty = told.empty() || told.find("No journal files were found") != std::string::npos;
    if (exit.status != 0 && !is_empty)
        return Error{Errc::system, program + " ended with status " + std::to_string(exit.status) + ": " +
                                       agent::quoted(told.substr(0, told.find('\n')))};
    if (!exit.standard_output.complete())
        return Error{Errc::malformed, program + " printed more than " + std::to_string(output_most) + " bytes"};
    return 0;
}

}  // namespace

std::vector<std::string> LoggingCheck::units() const {
    if (baseline_.units) return *baseline_.units;
    std::vector<std::string> names{"systemd-journald.service"};
    std::error_code unseen;
    if (std::filesystem::exists(host_.rsyslogd, unseen)) names.emplace_back("rsyslog.service");
    return names;
}

Task<int> LoggingCheck::find_in_journal(CheckTools& tools, const std::string& token) const {
    Command command;
    command.program = first_of(host_.journalctl);
    const auto program = command.program.native();
    const std::string since = "--since=-" + std::to_string(baseline_.within.count() / 1000 + 60) + "s";
    command.arguments = {"--no-pager", "--output=cat", "--lines=200", "--identifier=" + std::string{canary_tag}, since};
    command.arguments.insert(command.arguments.end(), host_.journal_arguments.begin(), host_.journal_arguments.end());
    command.deadline = tools.patience(program_limit);
    command.head_limit = output_most;
    auto run = co_await tools.processes.run(std::move(command));
    auto named = in_context(std::move(run), program);
    AGENT_CO_TRY(const auto exit, std::move(named));
    co_return seen_in(exit, program, token);
}

Task<> LoggingCheck::follow_canary(CheckTools& tools, LoggingView& view) const {
    const auto token = random_hex(token_digits);
    std::vector<Watched> missing;
    view.arrivals.reserve(baseline_.places.size());
    for (const auto& place : baseline_.places) {
        view.arrivals.push_back({place, 0});
        // Where a file ends is noted before anything is sent.
        missing.push_back({&view.arrivals.back(), std::nullopt});
        if (place.kind != PlaceKind::journal) missing.back().text.emplace(place.path);
    }
    view.sent = send_canary(host_.socket, token);
    if (view.sent.has_error()) {
        view.arrivals.clear();
        co_return ok();
    }
    const auto deadline = tools.time.mono_now() + baseline_.within;
    for (auto pause = first_pause; !missing.empty(); pause = std::min(pause * 2, longest_pause)) {
        const auto now = tools.time.mono_now();
        const bool is_last = now >= deadline;
        for (auto& watched : missing) {
            if (watched.text) {
                watched.arrival->seen = watched.text->count(token);
                continue;
            }
            auto found = co_await find_in_journal(tools, token);
            if (found.has_error() && found.error().code() == Errc::cancelled) co_return std::move(found).error();
            watched.arrival->seen = std::move(found);
        }
        std::erase_if(missing, [](const Watched& watched) {
            const auto& seen = watched.arrival->seen;
            return seen.has_error() || seen.value() > 0;
        });
        if (is_last || missing.empty()) break;
        auto slept = co_await tools.time.sleep_until(std::min(deadline, now + pause));
        AGENT_CO_TRY(std::move(slept));
    }
    co_return ok();
}

Task<std::int64_t> LoggingCheck::ask_audit(CheckTools& tools) const {
    Command command;
    command.program = first_of(host_.auditctl);
    const auto program = command.program.native();
    command.arguments.emplace_back("-s");
    command.deadline = tools.patience(program_limit);
    auto run = co_await tools.processes.run(std::move(command));
    auto named = in_context(std::move(run), program);
    AGENT_CO_TRY(const auto exit, std::move(named));
    if (exit.status != 0)
        co_return Error{Errc::system, program + " ended with status " + std::to_string(exit.status) + ": " +
                                          agent::quoted(exit.standard_error.head.substr(0, 160)) +
                                          "; it needs root (CAP_AUDIT_CONTROL)"};
    co_return parse_audit_status(exit.standard_output.head);
}

Task<CheckReport> LoggingCheck::look(CheckTools& tools, std::string& notes) const {
    LoggingView view;
    auto names = units();
    if (baseline_.audit && std::find(names.begin(), names.end(), audit_daemon) == names.end())
        names.emplace_back(audit_daemon);
    for (const auto& name : names) {
        auto state = co_await tools.units.state(name);
        if (state.has_error() && state.error().code() == Errc::cancelled) co_return std::move(state).error();
        view.units.emplace_back(name, std::move(state));
    }
    if (!baseline_.places.empty()) {
        auto followed = co_await follow_canary(tools, view);
        AGENT_CO_TRY(std::move(followed));
    }
    if (baseline_.queue) {
        const auto bytes = size_of(*baseline_.queue);
        if (bytes.has_error()) {
            view.queue.emplace(bytes.error());
        } else {
            const auto sighting = look_again(notes, bytes.value());
            notes = write_notes(sighting);
            view.queue.emplace(sighting);
        }
    }
    if (baseline_.audit) {
        auto enabled = co_await ask_audit(tools);
        if (enabled.has_error() && enabled.error().code() == Errc::cancelled) co_return std::move(enabled).error();
        view.audit_enabled.emplace(std::move(enabled));
    }
    co_return judge_logging(baseline_, view);
}

std::string LoggingCheck::explain() const {
    std::string text = "Looks whether ";
    for (const auto& unit : units()) text += unit + ", ";
    text += "run; logs a message with a random token through " + host_.socket.native() +
            " and looks whether it arrives within " + describe_duration(baseline_.within) + " in:";
    for (const auto& place : baseline_.places) text += " " + place.name();
    if (baseline_.queue)
        text += "; whether the forwarding queue in " + baseline_.queue->directory.native() + " only grows";
    if (baseline_.audit) text += "; whether the kernel's audit is enabled";
    return text +
           ". A log that silently stopped is noticed on the day it is needed: 45 CFR 164.312(b) and "
           "164.308(a)(1)(ii)(D) want audit controls and review of activity, NIST 800-53 AU-4, AU-5 and AU-12 that "
           "failures of logging are noticed.";
}

Task<Learnt> LoggingCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from = "the units that log";
    const auto names = units();
    learnt.say("units", names);
    for (const auto& name : names) {
        const auto state = co_await tools.units.state(name);
        if (state.has_error() && state.error().code() == Errc::cancelled) co_return state.error();
        if (state.has_error()) learnt.unknown.push_back("whether " + name + " runs: " + state.error().message());
        if (state.has_value() && !state.value().is_active())
            learnt.remarks.push_back(name + " does not run; it stays expected, and a drift until it does");
    }
    std::string audit{audit_daemon};
    const auto daemon = co_await tools.units.state(std::move(audit));
    if (daemon.has_error() && daemon.error().code() == Errc::cancelled) co_return daemon.error();
    if (daemon.has_error()) learnt.unknown.push_back("whether the audit daemon runs: " + daemon.error().message());
    if (daemon.has_value() && daemon.value().is_active()) learnt.say("audit", true);
    co_return learnt;
}

}  // namespace agent
