#include "base/text.hpp"
#include "cli/session.hpp"
#include "daemon/instance_lock.hpp"

namespace agent::cli {
namespace {

constexpr std::int64_t shown = 1'000;

int list_queue(const CommandLine& line, bool json) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_read(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    std::vector<StoredBundle> queued;
    QueueFigures figures;
    if (store.value()) {
        auto found = store.value()->evidence().queued(shown);
        if (found.has_error()) return failed_with(found.error(), undetermined);
        queued = std::move(found).value();
        const auto counted = store.value()->evidence().figures();
        if (counted.has_error()) return failed_with(counted.error(), undetermined);
        figures = counted.value();
    }
    if (json) {
        Value::Array items;
        for (const auto& each : queued)
            items.push_back(
                Value::object({{"bundle_id", each.bundle.bundle_id.str()},
                               {"sequence", each.bundle.chain.sequence},
                               {"check", each.bundle.check},
                               {"created_at", format_rfc3339(each.bundle.created_at)},
                               {"state", each.state == UploadState::quarantined ? "quarantined" : "waiting"},
                               {"reason", each.quarantined_for ? Value{*each.quarantined_for} : Value{}}}));
        print_json(Value::object(
            {{"waiting", figures.waiting}, {"quarantined", figures.quarantined}, {"items", std::move(items)}}));
        return fine;
    }
    Table table{{"SEQ", "STATE", "CHECK", "WRITTEN", "BUNDLE"}};
    for (const auto& each : queued) {
        const bool quarantined = each.state == UploadState::quarantined;
        table.add(
            {std::to_string(each.bundle.chain.sequence), quarantined ? "quarantined" : "waiting", each.bundle.check,
             format_rfc3339(each.bundle.created_at).substr(0, 19), each.bundle.bundle_id.str()},
            quarantined ? Colour::red : Colour::yellow);
        if (each.quarantined_for) table.note(*each.quarantined_for);
    }
    if (!queued.empty()) table.print();
    print_line(std::to_string(figures.waiting) + " waiting, " + std::to_string(figures.quarantined) + " quarantined");
    return fine;
}

int retry(const CommandLine& line, const std::string& id) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_change(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    std::optional<BundleId> chosen;
    if (!id.empty()) {
        auto named = bundle_named(*store.value(), id);
        if (named.has_error()) return failed_with(named.error(), not_fine);
        chosen = std::move(named).value();
    }
    const auto count = store.value()->evidence().retry(chosen);
    if (count.has_error()) return failed_with(count.error(), undetermined);
    if (chosen && count.value() == 0) {
        complain("bundle " + chosen->str() + " is not quarantined");
        return not_fine;
    }
    ring_daemon(loaded->settings.state_dir);
    print_line(std::to_string(count.value()) + (count.value() == 1 ? " bundle is" : " bundles are") +
               " back in the queue");
    return fine;
}

}  // namespace

void add_queue(CLI::App& app, CommandLine& line) {
    auto* queue = app.add_subcommand("queue", "Evidence that has not reached the server");
    queue->require_subcommand(1);
    auto* list_command = queue->add_subcommand("list", "What waits, what is quarantined and why");
    auto json = std::make_shared<bool>(false);
    list_command->add_flag("--json", *json, "as JSON");
    list_command->callback([&line, json] { line.chosen = [&line, json] { return list_queue(line, *json); }; });

    auto* retry_command = queue->add_subcommand("retry", "Puts quarantined bundles back into the queue");
    auto id = std::make_shared<std::string>();
    retry_command->add_option("ID", *id, "bundle id, or how it begins; all quarantined ones if not given");
    retry_command->callback([&line, id] { line.chosen = [&line, id] { return retry(line, *id); }; });
}

}  // namespace agent::cli
