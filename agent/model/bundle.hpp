#pragma once
// A piece of evidence before it is serialised (PROTOCOL.md section 5). Once serialised, only its bytes count.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/check.hpp"
#include "model/ids.hpp"
#include "model/order.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"

namespace agent {

struct ActionTaken {
    std::int64_t step{};
    std::string action;
    std::optional<std::vector<std::string>> command;
    std::optional<std::int64_t> exit_code;
    double duration_sec{};
    std::string result;
    std::string output_head;
    std::string output_tail;
};

struct PlanStep {
    std::int64_t step{};
    std::string action;
    Value current;
    Value desired;
    friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

// What a runbook would do to the host as it is now.
struct Plan {
    std::string sha256;  // opaque: only the host that made it can check it
    std::vector<PlanStep> steps;
};

struct OrderEvidence {
    std::string offered_id;  // the id it was offered under: unsigned, a claim
    Value envelope;          // null unless gates 1 and 2 were passed
    std::vector<GateEntry> gates;
};

struct ChainLink {
    std::string epoch;        // UUID made with the state file
    std::int64_t sequence{};  // from 1, without holes
    std::string previous_sha256;
};

struct Bundle {
    BundleId bundle_id;
    SiteId site_id;
    HostId host_id;
    DeploymentMode deployment_mode{DeploymentMode::direct};
    std::optional<std::string> reseller_id;
    std::string agent_version;
    std::string agent_build;
    WallTime timestamp_start;
    WallTime timestamp_end;
    std::string policy_version;
    std::string ruleset_hash;
    std::optional<std::string> nixos_revision;
    std::optional<std::string> derivation_digest;
    std::optional<std::int64_t> ntp_offset_ms;
    Trigger trigger{Trigger::manual};
    std::string check{"general"};
    std::optional<CheckResult> result;
    std::optional<Severity> severity;
    Controls controls;
    Value pre_state{Value::Object{}};
    Value post_state{Value::Object{}};
    std::vector<ActionTaken> action_taken;
    std::optional<Plan> plan;
    bool rollback_available{};
    std::optional<std::int64_t> rollback_generation;
    Outcome outcome{Outcome::success};
    std::optional<std::string> error;
    std::optional<OrderId> order_id;
    std::optional<RunbookId> runbook_id;
    std::optional<std::string> runbook_sha256;
    std::optional<OrderEvidence> order;
    ChainLink chain;
    KeyId signer;
};

// Evidence about to be recorded: everything but what the recorder alone knows (ids, chain, signer, who).
struct EvidenceDraft {
    WallTime started;
    WallTime ended;
    Trigger trigger{Trigger::manual};
    std::string check{"general"};
    std::optional<CheckResult> result;
    std::optional<Severity> severity;
    Controls controls;
    Value pre_state{Value::Object{}};
    Value post_state{Value::Object{}};
    std::vector<ActionTaken> action_taken;
    std::optional<Plan> plan;
    bool rollback_available{};
    std::optional<std::int64_t> rollback_generation;
    Outcome outcome{Outcome::success};
    std::optional<std::string> error;
    std::optional<OrderId> order_id;
    std::optional<RunbookId> runbook_id;
    std::optional<std::string> runbook_sha256;
    std::optional<OrderEvidence> order;
};

// What a server signed for a stored bundle (PROTOCOL.md section 6).
struct Receipt {
    BundleId bundle_id;
    std::string sha256;
    SiteId site_id;
    HostId host_id;
    std::string epoch;
    std::int64_t sequence{};
    WallTime received_at;
};

}  // namespace agent
