// Runbook files: the schema of runbooks/README.md.
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "healing/actions.hpp"
#include "healing/runbook.hpp"
#include "host/files.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

constexpr std::size_t steps_most = 64;
constexpr std::size_t runbook_bytes_most = 1024UL * 1024UL;

Controls read_controls(MapReader& runbook) {
    Controls controls;
    const auto* node = runbook.node("controls");
    if (node == nullptr) return controls;
    MapReader reader{runbook.file(), *node, "controls", runbook.faults()};
    controls.hipaa = reader.texts("hipaa").value_or(std::vector<std::string>{});
    controls.nist_800_53 = reader.texts("nist_800_53").value_or(std::vector<std::string>{});
    reader.finish();
    return controls;
}

using Steps = std::vector<std::unique_ptr<Action>>;
using ReadAction = std::unique_ptr<Action> (*)(MapReader& step, StepScope& scope);

Steps read_steps(MapReader& reader, std::string_view key, StepScope& scope, ReadAction read) {
    Steps steps;
    const auto* list = reader.node(key);
    if (list == nullptr || list->kind == YamlNode::Kind::null) return steps;
    if (list->kind != YamlNode::Kind::sequence || list->items.empty() || list->items.size() > steps_most) {
        reader.fault(key, "must be a list of 1 to " + std::to_string(steps_most) + " steps, each {action: …}");
        return steps;
    }
    int number = 0;
    for (const auto& item : list->items) {
        // Counted from 1, as in plans and evidence.
        const auto place = std::string{key} + '[' + std::to_string(++number) + ']';
        MapReader step{reader.file(), item, place, reader.faults()};
        const bool is_read = item.kind == YamlNode::Kind::map || item.kind == YamlNode::Kind::null;
        auto action = is_read ? read(step, scope) : nullptr;  // what is no map was reported by `step`
        if (action) steps.push_back(std::move(action));
        const auto* name = item.find("action");
        scope.next(name != nullptr ? name->text : std::string{});
    }
    return steps;
}

std::vector<CheckName> read_checks(MapReader& reader, std::string_view key) {
    std::vector<CheckName> checks;
    for (auto& name : reader.texts(key).value_or(std::vector<std::string>{})) {
        if (!is_name(name, 1, 64)) reader.fault(key, "not the name of a check: " + quoted(name, 64));
        checks.emplace_back(std::move(name));
    }
    return checks;
}

void read_confirm(MapReader& runbook_reader, Runbook& runbook) {
    const auto* node = runbook_reader.node("confirm");
    if (node == nullptr) return;
    MapReader reader{runbook_reader.file(), *node, "confirm", runbook_reader.faults()};
    reader.require("within", "how long until everything is put back, for example 5m");
    runbook.confirm_within = reader.duration("within", std::chrono::seconds{5}, std::chrono::hours{4});
    reader.finish();
}

void read_limits(MapReader& runbook_reader, Runbook& runbook) {
    const auto* node = runbook_reader.node("limits");
    if (node == nullptr) return;
    MapReader reader{runbook_reader.file(), *node, "limits", runbook_reader.faults()};
    runbook.cooldown = reader.duration("cooldown", Duration{0}, std::chrono::days{30});
    runbook.most_per_day = reader.integer("max_per_day", 0, 1000);
    reader.finish();
}

// Only sound steps tell what the runbook does.
void judge_steps(MapReader& reader, const Runbook& runbook) {
    if (runbook.changes_host())
        reader.require("disruptive", "it changes the host: true to run it only in the maintenance window, else false");
    else if (!runbook.rollback.empty())
        reader.fault("rollback", "nothing is ever taken back: no step changes the host");
    if (runbook.confirm_within && !runbook.can_roll_back())
        reader.fault("confirm",
                     "nothing could be put back: each step that changes the host must have an undo, or `rollback` must "
                     "take it back");
}

Runbook read_runbook(const YamlFile& file, Faults& faults) {
    MapReader reader{file.path, file.root, "", faults};
    Runbook runbook;
    runbook.file = file.path;
    runbook.sha256 = sha256_hex(file.bytes);
    const auto id = reader.text("id");
    reader.require("id", "for example RB-SERVICE-001");
    if (id && !is_runbook_id(*id))
        reader.fault("id", "must be RB- and then A-Z, 0-9 and -, at most 64 characters, not " + quoted(*id, 64));
    runbook.id = RunbookId{id.value_or("")};
    runbook.name = reader.text("name").value_or("");
    reader.require("name", "what it does, in a few words");
    runbook.description = reader.text("description").value_or("");
    reader.require("description", "what it changes, for whoever approves its order");
    if (auto check = reader.text("repairs")) {
        if (!is_name(*check, 1, 64)) reader.fault("repairs", "not the name of a check: " + quoted(*check, 64));
        runbook.repairs = CheckName{*std::move(check)};
    }
    const auto severity = reader.one_of("severity", {"low", "medium", "high", "critical"});
    runbook.severity = parse_word<Severity>(severity.value_or("")).value_or(Severity::medium);
    runbook.controls = read_controls(reader);
    runbook.parameters = ParameterSchema::read(reader);

    const auto before = faults.size();
    reader.require("steps", "a list of {action: …}");
    StepScope scope{runbook.parameters};
    runbook.steps = read_steps(reader, "steps", scope, &read_action);
    runbook.rollback = read_steps(reader, "rollback", scope, &read_rollback_action);
    runbook.baseline_uses = std::move(scope.baseline);
    runbook.programs = std::move(scope.programs);
    runbook.disruptive = reader.boolean("disruptive").value_or(false);
    runbook.preconditions = read_checks(reader, "preconditions");
    runbook.verify = read_checks(reader, "verify");
    read_confirm(reader, runbook);
    read_limits(reader, runbook);
    if (faults.size() == before) judge_steps(reader, runbook);
    reader.finish();
    return runbook;
}

// Every *.yaml below `directory`, sorted, so that the same folder always gives the same faults. Names that begin with
// a dot belong to editors and version control.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory, Faults& faults) {
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    std::filesystem::recursive_directory_iterator walk{directory, failure};
    while (!failure && walk != std::filesystem::recursive_directory_iterator{}) {
        std::error_code gone;
        if (walk->path().filename().native().starts_with('.'))
            walk.disable_recursion_pending();
        else if (walk->path().extension() == ".yaml" && !walk->is_directory(gone))
            files.push_back(walk->path());
        walk.increment(failure);
    }
    if (failure) faults.push_back({directory.string(), 0, "", "cannot list the runbooks: " + failure.message()});
    std::sort(files.begin(), files.end());
    return files;
}

// The bytes of `path`, where the catalogue has them under `name`: nothing else of it is parsed.
Result<std::string> read_approved(const std::filesystem::path& path, std::string_view name, const RunbookList& list) {
    AGENT_TRY(auto bytes, read_file(path, runbook_bytes_most));
    AGENT_TRY(find_approved(list, name, sha256_hex(bytes)));
    return bytes;
}

}  // namespace

const Runbook* RunbookCatalogue::Outcome::add(YamlResult file) {
    if (file.has_error()) {
        faults.push_back(std::move(file).error());
        return nullptr;
    }
    Faults own;
    const auto& path = file.value().path;
    auto runbook = read_runbook(file.value(), own);
    if (const auto* first = catalogue.find(runbook.id); first != nullptr && !runbook.id.empty()) {
        const auto* node = file.value().root.find("id");
        own.push_back({path.string(), node != nullptr ? node->line : 0, "id",
                       runbook.id.str() + " is already the id of " + first->file.string()});
    }
    faults.insert(faults.end(), own.begin(), own.end());
    if (!own.empty()) return nullptr;
    auto& all = catalogue.runbooks_;
    return all.emplace_back(std::make_unique<Runbook>(std::move(runbook))).get();
}

void RunbookCatalogue::Outcome::add_approved(const std::filesystem::path& path, std::string_view name,
                                             const RunbookList& list) {
    const auto line = std::ranges::find(list, name, &ListedRunbook::file);
    const auto signed_id = line != list.end() ? line->id : RunbookId{};
    const auto refuse = [&](std::string why) {
        catalogue.refused_.push_back({signed_id, {path.string(), 0, "", std::move(why)}});
    };
    auto bytes = read_approved(path, name, list);
    if (bytes.has_error()) return refuse(bytes.error().message());
    const auto* runbook = add(parse_yaml(std::move(bytes).value(), path));
    if (runbook == nullptr || runbook->id == signed_id) return;
    refuse("its id is " + runbook->id.str() + ", and the signed catalogue calls it " + signed_id.str());
    catalogue.runbooks_.pop_back();
}

RunbookCatalogue::Outcome RunbookCatalogue::load(const std::filesystem::path& directory, const RunbookList* approved) {
    Outcome outcome;
    const auto files = files_below(directory, outcome.faults);
    for (const auto& path : files) {
        if (approved != nullptr)
            outcome.add_approved(path, name_in_list(directory, path), *approved);
        else
            static_cast<void>(outcome.add(load_yaml(path)));
    }
    auto& runbooks = outcome.catalogue.runbooks_;
    std::sort(runbooks.begin(), runbooks.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
    if (approved == nullptr) return outcome;
    for (const auto& line : *approved) {
        const auto path = directory / line.file;
        if (std::ranges::find(files, path) == files.end())
            outcome.catalogue.refused_.push_back(
                {line.id, {path.string(), 0, "", "in the signed catalogue, but not there"}});
    }
    return outcome;
}

}  // namespace agent
