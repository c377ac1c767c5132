#pragma once
// Everything that files say: configuration, baseline, runbooks and keys, loaded all or nothing.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/agent_settings.hpp"
#include "crypto/ed25519.hpp"
#include "drift/baseline.hpp"
#include "evidence/recorder.hpp"
#include "healing/policy.hpp"
#include "healing/runbook.hpp"
#include "orders/gates.hpp"
#include "orders/keyring.hpp"

namespace agent {

struct LoadedAgent {
    AgentSettings settings;
    Baseline baseline;
    RunbookCatalogue runbooks;
    Keyring keyring;
    std::vector<PublicKey> receipt_keys;
    std::vector<PublicKey> catalogue_keys;
    std::optional<WallTime> catalogue_issued_at;  // of a signed catalogue that was accepted and says so
    PolicySettings policy;
};

struct LoadOutcome {
    std::unique_ptr<LoadedAgent> loaded;  // only where there is no fault
    Faults faults;
    std::vector<std::string> remarks;  // worth a warning, no fault
};

// `checks` other than `all` leaves out what a command does not need.
[[nodiscard]] LoadOutcome load_agent(const std::filesystem::path& file, FileChecks checks);
// For the daemon, at start and at a reload: a private key that it may not read is a fault too.
[[nodiscard]] LoadOutcome load_agent_to_run(const std::filesystem::path& file);

[[nodiscard]] Speaker speaker_of(const LoadedAgent& loaded);
// That there is no such runbook, and why, where signed catalogue or configuration took it away.
[[nodiscard]] std::string missing_runbook(const LoadedAgent& loaded, const RunbookId& id);
// Lives as long as `loaded`.
[[nodiscard]] std::shared_ptr<const Baseline> baseline_of(const std::shared_ptr<const LoadedAgent>& loaded);

// The gates' view of what is loaded. `keyring` of the result points into `loaded`.
[[nodiscard]] GateSettings gate_settings_of(const LoadedAgent& loaded);

// Gates 12 and 14 over the loaded runbooks; familiarity and the moment of a lost ledger from `store`, which may be null
// where no state file exists.
[[nodiscard]] Result<GateQuestions> gate_questions_of(const LoadedAgent& loaded, StateStore* store);

// What local policy must know of a run of `runbook`.
[[nodiscard]] Result<PolicyFacts> policy_facts_of(const Runbook& runbook, StateStore* store, WallTime host_clock,
                                                  bool clock_untrusted);

// Key under which runs of a runbook are counted for cooldown and daily budget.
[[nodiscard]] std::string budget_key(const RunbookId& runbook);

}  // namespace agent
