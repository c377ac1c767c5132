#include "codec/bundle_codec.hpp"

#include <utility>

#include "codec/action_codec.hpp"
#include "codec/json.hpp"

namespace agent {
namespace {

template <class T>
Value or_null(const std::optional<T>& value) {
    return value ? Value{*value} : Value{};
}

template <class Tag>
Value or_null(const std::optional<StrongId<Tag>>& id) {
    return id ? Value{id->str()} : Value{};
}

template <class E>
requires(!words<E>.empty()) Value word_or_null(const std::optional<E>& value) {
    return value ? Value{to_string(*value)} : Value{};
}

// Every array and object of states and parameters has a depth of its own; null stands for "nothing known".
Value object_or_empty(const Value& value) { return value.is_null() ? Value{Value::Object{}} : value; }

Value plan_value(const Plan& plan) {
    Value::Array steps;
    for (const auto& step : plan.steps)
        steps.push_back(Value::object(
            {{"step", step.step}, {"action", step.action}, {"current", step.current}, {"desired", step.desired}}));
    return Value::object({{"sha256", plan.sha256}, {"steps", std::move(steps)}});
}

Value order_value(const OrderEvidence& order) {
    Value::Array gates;
    for (const auto& entry : order.gates)
        gates.push_back(Value::object(
            {{"gate", to_string(entry.gate)}, {"verdict", to_string(entry.verdict)}, {"detail", entry.detail}}));
    return Value::object({{"id", order.offered_id}, {"envelope", order.envelope}, {"gates", std::move(gates)}});
}

Value mappings_value(const Controls& controls) {
    Value mappings{Value::Object{}};
    if (!controls.nist_800_53.empty()) mappings.set("nist_800_53", Value::strings(controls.nist_800_53));
    return mappings;
}

Value actions_value(const std::vector<ActionTaken>& actions) {
    Value::Array list;
    for (const auto& action : actions) list.push_back(value_of(action));
    return list;
}

}  // namespace

std::string write_bundle(const Bundle& bundle) {
    return write_json(Value::object({
        {"version", "1.1"},
        {"bundle_id", bundle.bundle_id.str()},
        {"site_id", bundle.site_id.str()},
        {"host_id", bundle.host_id.str()},
        {"deployment_mode", to_string(bundle.deployment_mode)},
        {"reseller_id", or_null(bundle.reseller_id)},
        {"agent", Value::object({{"version", bundle.agent_version}, {"build", bundle.agent_build}})},
        {"timestamp_start", format_rfc3339(bundle.timestamp_start)},
        {"timestamp_end", format_rfc3339(bundle.timestamp_end)},
        {"policy_version", bundle.policy_version},
        {"ruleset_hash", bundle.ruleset_hash},
        {"nixos_revision", or_null(bundle.nixos_revision)},
        {"derivation_digest", or_null(bundle.derivation_digest)},
        {"ntp_offset_ms", or_null(bundle.ntp_offset_ms)},
        {"trigger", to_string(bundle.trigger)},
        {"check", bundle.check},
        {"result", word_or_null(bundle.result)},
        {"severity", word_or_null(bundle.severity)},
        {"hipaa_controls", Value::strings(bundle.controls.hipaa)},
        {"framework_mappings", mappings_value(bundle.controls)},
        {"pre_state", object_or_empty(bundle.pre_state)},
        {"post_state", object_or_empty(bundle.post_state)},
        {"action_taken", actions_value(bundle.action_taken)},
        {"plan", bundle.plan ? plan_value(*bundle.plan) : Value{}},
        {"rollback_available", bundle.rollback_available},
        {"rollback_generation", or_null(bundle.rollback_generation)},
        {"outcome", to_string(bundle.outcome)},
        {"error", or_null(bundle.error)},
        {"order_id", or_null(bundle.order_id)},
        {"runbook_id", or_null(bundle.runbook_id)},
        {"runbook_sha256", or_null(bundle.runbook_sha256)},
        {"order", bundle.order ? order_value(*bundle.order) : Value{}},
        {"chain", Value::object({{"epoch", bundle.chain.epoch},
                                 {"sequence", bundle.chain.sequence},
                                 {"previous_sha256", bundle.chain.previous_sha256}})},
        {"signer", Value::object({{"key_id", bundle.signer.str()}})},
    }));
}

}  // namespace agent
