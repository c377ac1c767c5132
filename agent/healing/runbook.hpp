#pragma once
// Runbooks: typed steps in a YAML file each, documented in runbooks/README.md. Loaded against a strict schema.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "codec/schema.hpp"
#include "healing/action.hpp"
#include "healing/parameters.hpp"
#include "healing/signed_catalogue.hpp"
#include "healing/template.hpp"
#include "model/check.hpp"

namespace agent {

struct Runbook {
    RunbookId id;
    std::string name;
    std::string description;
    std::filesystem::path file;
    std::string sha256;                // of the file's bytes, lower-case hex
    std::optional<CheckName> repairs;  // verified by this check afterwards; evidence is filed under its name
    Severity severity{Severity::medium};
    bool disruptive{};                       // only in the maintenance window
    std::vector<CheckName> preconditions;    // fine before anything is done
    std::vector<CheckName> verify;           // fine afterwards, beside `repairs`
    std::optional<Duration> confirm_within;  // from the first change on; put back unless the server is reached by then
    std::optional<Duration> cooldown;        // where longer than local policy's
    std::optional<std::int64_t> most_per_day;  // where fewer than local policy's
    Controls controls;
    ParameterSchema parameters;
    std::vector<std::unique_ptr<Action>> steps;
    std::vector<std::unique_ptr<Action>> rollback;  // behind the undos, when a run is put back
    std::vector<BaselineUse> baseline_uses;
    std::vector<ProgramUse> programs;

    // False if no step can change the host: such a runbook needs no window and uses up no budget.
    [[nodiscard]] bool changes_host() const noexcept;
    // True if there is a step that changes the host, and every such step can be undone or is taken back by `rollback`:
    // `rollback_available`.
    [[nodiscard]] bool can_roll_back() const noexcept;
};

// A runbook that the signed catalogue does not approve, or this host's configuration does not allow, and that is not
// usable therefore.
struct RefusedRunbook {
    RunbookId id;  // as signed, where there is a catalogue; empty where the catalogue does not know the file, or is not
                   // to be trusted at all
    Fault fault;
};

class RunbookCatalogue {
public:
    // Every *.yaml below `directory`; a file with faults is left out, and all faults are told. Two files with one id
    // are a fault of the later one. With a list of approved runbooks, a file whose bytes are not in it is not even
    // parsed, but refused, and so is one of the list that is not there.
    struct Outcome;
    [[nodiscard]] static Outcome load(const std::filesystem::path& directory, const RunbookList* approved = nullptr);
    // No runbook at all, since the catalogue is not to be trusted.
    [[nodiscard]] static RunbookCatalogue refusing_all(Fault why);
    // Refuses each that starts a program which `allowed` does not name; "*" names every one. `configuration` is the
    // file that says so.
    void allow_programs(const std::vector<std::string>& allowed, const std::filesystem::path& configuration);

    [[nodiscard]] const Runbook* find(const RunbookId& id) const noexcept;
    [[nodiscard]] const std::vector<std::unique_ptr<Runbook>>& all() const noexcept { return runbooks_; }  // by id
    [[nodiscard]] const std::vector<RefusedRunbook>& refused() const noexcept { return refused_; }
    // Why `id` may be missing: what was refused of it, or of a file that may be it. Null where nothing was.
    [[nodiscard]] const Fault* why_refused(const RunbookId& id) const noexcept;

private:
    std::vector<std::unique_ptr<Runbook>> runbooks_;  // by id
    std::vector<RefusedRunbook> refused_;
};

struct RunbookCatalogue::Outcome {
    RunbookCatalogue catalogue;
    Faults faults;

private:
    friend class RunbookCatalogue;
    const Runbook* add(YamlResult file);  // null where it has a fault
    void add_approved(const std::filesystem::path& path, std::string_view name, const RunbookList& list);
};

}  // namespace agent
