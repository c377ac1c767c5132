#include "cli/session.hpp"
#include "daemon/status.hpp"
#include "model/hold.hpp"

namespace agent::cli {
namespace {

std::string ago(const std::optional<WallTime>& time, WallTime now) {
    if (!time) return "never";
    return describe_duration(now - *time) + " ago";
}

void print_loop(Table& table, const std::string& name, const LoopRecord& record, WallTime now) {
    const bool failing = record.failure.has_value();
    table.add({name,
               failing               ? "failing"
               : record.last_success ? "ok"
                                     : "-",
               "last success " + ago(record.last_success, now) +
                   (record.last_failure ? ", last failure " + ago(record.last_failure, now) : "")},
              failing ? Colour::red : Colour::green);
    if (record.failure) table.note(*record.failure);
}

std::string hold_words(const std::optional<WallTime>& until, WallTime now) {
    if (!until || *until <= now) return "not on hold";
    return "on hold until " + (*until >= until_resumed() ? "resumed" : format_rfc3339(*until));
}

void print(const StatusFacts& facts, const HealthVerdict& verdict, const AgentSettings& settings, WallTime now) {
    const auto colour = verdict.health == Health::ok        ? Colour::green
                        : verdict.health == Health::failing ? Colour::red
                                                            : Colour::yellow;
    print_line("health " + coloured(to_string(verdict.health), colour) + ", daemon " +
               (facts.daemon_running ? "running" : "stopped") + ", host " + settings.site_id.str() + '/' +
               settings.host_id.str());
    for (const auto& reason : verdict.reasons) print_line("  - " + reason);
    print_line("");
    Table table{{"PART", "STATE", "DETAIL"}};
    print_loop(table, "poll", facts.poll, now);
    print_loop(table, "upload", facts.upload, now);
    print_loop(table, "checks", facts.checks, now);
    table.add(
        {"queue", std::to_string(facts.queue.waiting),
         "waiting" +
             (facts.queue.oldest ? ", the oldest for " + describe_duration(now - *facts.queue.oldest) : std::string{}) +
             ", " + std::to_string(facts.queue.quarantined) + " quarantined"});
    table.add(
        {"chain", std::to_string(facts.chain.sequence), "receipted up to " + std::to_string(facts.queue.receipted)});
    if (!facts.chain.epoch.empty()) table.note("epoch " + facts.chain.epoch);
    if (facts.chain.sequence > 0) table.note("head " + facts.chain.head_sha256);
    if (facts.certificate_not_after)
        table.add({"certificate",
                   std::to_string(std::chrono::floor<std::chrono::days>(*facts.certificate_not_after - now).count()),
                   "days left, until " + format_rfc3339(*facts.certificate_not_after)});
    table.add({"healing", std::string{to_string(settings.healing.mode)}, hold_words(facts.hold_until, now)});
    for (const auto& held : facts.held_checks)
        table.note(held.name.str() + " on hold since " + format_rfc3339(held.since) + ": " + held.reason +
                   "; once it is mended: compliance-agent resume " + held.name.str());
    for (const auto& check : facts.results)
        table.add({"  " + check.name.str(), std::string{to_string(check.result)}, check.reason},
                  colour_of(check.result));
    table.print();
}

int status(const CommandLine& line, bool json) {
    const auto [loaded, exit] = load(line, FileChecks::none);
    if (!loaded) return exit;
    const auto& settings = loaded->settings;
    auto store = state_to_read(settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    const auto facts = gather_status(settings, store.value().get());
    if (facts.has_error()) return failed_with(facts.error(), undetermined);
    const auto now = SystemTimeSource{}.wall_now();
    const auto verdict = judge_health(facts.value(), settings, now);
    if (json)
        print_json(status_json(facts.value(), verdict, settings, now));
    else
        print(facts.value(), verdict, settings, now);
    return verdict.health == Health::ok ? fine : not_fine;
}

}  // namespace

void add_status(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("status", "Health: when polling, checking and uploading last succeeded");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "as JSON");
    command->callback([&line, json] { line.chosen = [&line, json] { return status(line, *json); }; });
}

}  // namespace agent::cli
