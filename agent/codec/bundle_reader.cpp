// parse_bundle: checks every member of PROTOCOL.md section 5, keeps what a reader needs.
#include <algorithm>
#include <array>
#include <utility>

#include "codec/bundle_codec.hpp"
#include "codec/json.hpp"
#include "codec/members.hpp"

namespace agent {
namespace {

std::string item_key(const Members& members, std::string_view name, std::size_t index) {
    return members.key_of(name) + '[' + std::to_string(index) + ']';
}

// Every item of array `name` is an object that `check` accepts.
template <class Check>
Result<> each(const Members& members, std::string_view name, Check check) {
    AGENT_TRY(const auto* items, members.array(name));
    for (std::size_t i = 0; i < items->size(); ++i) {
        AGENT_TRY(const auto item, Members::of((*items)[i], item_key(members, name, i)));
        AGENT_TRY(check(item));
    }
    return ok();
}

Result<> strings_of(const Members& members, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        AGENT_TRY(members.string(name));
    }
    return ok();
}

Result<> check_action(const Members& action) {
    AGENT_TRY(action.integer("step"));
    AGENT_TRY(const auto* command, action.required("command"));
    if (!command->is_null()) {
        AGENT_TRY(action.strings("command"));
    }
    AGENT_TRY(action.integer_or_null("exit_code"));
    AGENT_TRY(action.number("duration_sec"));
    return strings_of(action, {"action", "result", "output_head", "output_tail"});
}

Result<> check_plan_step(const Members& step) {
    AGENT_TRY(step.integer("step"));
    AGENT_TRY(step.required("current"));
    AGENT_TRY(step.required("desired"));
    return strings_of(step, {"action"});
}

Result<> check_gate(const Members& entry) {
    AGENT_TRY(entry.word<Gate>("gate"));
    AGENT_TRY(entry.word<Verdict>("verdict"));
    return strings_of(entry, {"detail"});
}

Result<> check_plan(const Members& bundle) {
    AGENT_TRY(const auto* value, bundle.required("plan"));
    if (value->is_null()) return ok();
    AGENT_TRY(const auto plan, bundle.object("plan"));
    AGENT_TRY(plan.string("sha256"));
    return each(plan, "steps", check_plan_step);
}

Result<std::optional<std::string>> read_order_payload(const Members& bundle) {
    AGENT_TRY(const auto* value, bundle.required("order"));
    if (value->is_null()) return std::optional<std::string>{};
    AGENT_TRY(const auto order, bundle.object("order"));
    AGENT_TRY(order.string("id"));
    AGENT_TRY(each(order, "gates", check_gate));
    AGENT_TRY(const auto* envelope, order.required("envelope"));
    if (envelope->is_null()) return std::optional<std::string>{};
    AGENT_TRY(const auto members, order.object("envelope"));
    AGENT_TRY(auto payload, members.string("payload"));
    return std::optional<std::string>{std::move(payload)};
}

Result<ChainLink> read_chain(const Members& bundle) {
    AGENT_TRY(const auto members, bundle.object("chain"));
    ChainLink chain;
    AGENT_TRY(chain.epoch, members.uuid("epoch"));
    AGENT_TRY(chain.sequence, members.integer("sequence"));
    if (chain.sequence < 1) return members.fault("sequence", "less than 1");
    AGENT_TRY(chain.previous_sha256, members.sha256("previous_sha256"));
    return chain;
}

// Members that have to be right and that nobody reads from here.
Result<> check_rest(const Members& bundle) {
    AGENT_TRY(const auto version, bundle.string("version"));
    if (!version.starts_with("1.")) return bundle.fault("version", "not of version 1");
    AGENT_TRY(bundle.word<DeploymentMode>("deployment_mode"));
    AGENT_TRY(const auto agent, bundle.object("agent"));
    AGENT_TRY(strings_of(agent, {"version", "build"}));
    AGENT_TRY(bundle.string("policy_version"));
    for (const auto name : {"reseller_id", "ruleset_hash", "nixos_revision", "derivation_digest", "runbook_sha256"}) {
        AGENT_TRY(bundle.string_or_null(name));
    }
    AGENT_TRY(const auto* offset, bundle.required("ntp_offset_ms"));
    if (!offset->is_null()) {
        AGENT_TRY(bundle.number("ntp_offset_ms"));
    }
    AGENT_TRY(bundle.strings("hipaa_controls"));
    AGENT_TRY(const auto mappings, bundle.object("framework_mappings"));
    for (const auto& [name, controls] : *bundle.find("framework_mappings")->object()) {
        AGENT_TRY(mappings.strings(name));
    }
    AGENT_TRY(bundle.object("pre_state"));
    AGENT_TRY(bundle.object("post_state"));
    AGENT_TRY(each(bundle, "action_taken", check_action));
    AGENT_TRY(check_plan(bundle));
    AGENT_TRY(bundle.boolean("rollback_available"));
    AGENT_TRY(bundle.integer_or_null("rollback_generation"));
    return ok();
}

template <class Id>
std::optional<Id> id_of(std::optional<std::string> text) {
    if (!text) return std::nullopt;
    return Id{*std::move(text)};
}

Result<BundleSummary> read_bundle(const Members& bundle) {
    AGENT_TRY(check_rest(bundle));
    BundleSummary summary;
    AGENT_TRY(auto bundle_id, bundle.uuid("bundle_id"));
    AGENT_TRY(auto site, bundle.name("site_id"));
    AGENT_TRY(auto host, bundle.name("host_id"));
    AGENT_TRY(summary.timestamp_start, bundle.time_in_milliseconds("timestamp_start"));
    AGENT_TRY(summary.timestamp_end, bundle.time_in_milliseconds("timestamp_end"));
    AGENT_TRY(summary.trigger, bundle.word<Trigger>("trigger"));
    AGENT_TRY(summary.check, bundle.string("check"));
    constexpr std::size_t check_length = 128;
    if (summary.check.empty() || summary.check.size() > check_length)
        return bundle.fault("check", "not 1 to 128 characters");
    AGENT_TRY(summary.result, bundle.word_or_null<CheckResult>("result"));
    AGENT_TRY(summary.severity, bundle.word_or_null<Severity>("severity"));
    AGENT_TRY(summary.outcome, bundle.word<Outcome>("outcome"));
    AGENT_TRY(summary.error, bundle.string_or_null("error"));
    AGENT_TRY(auto order_id, bundle.string_or_null("order_id"));
    AGENT_TRY(auto runbook_id, bundle.string_or_null("runbook_id"));
    AGENT_TRY(summary.order_payload, read_order_payload(bundle));
    AGENT_TRY(summary.chain, read_chain(bundle));
    AGENT_TRY(const auto signer, bundle.object("signer"));
    AGENT_TRY(auto key_id, signer.sha256("key_id"));
    summary.bundle_id = BundleId{std::move(bundle_id)};
    summary.site_id = SiteId{std::move(site)};
    summary.host_id = HostId{std::move(host)};
    summary.order_id = id_of<OrderId>(std::move(order_id));
    summary.runbook_id = id_of<RunbookId>(std::move(runbook_id));
    summary.signer = KeyId{std::move(key_id)};
    return summary;
}

}  // namespace

Result<BundleSummary> parse_bundle(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto bundle, Members::of(value, {}));
    return read_bundle(bundle);
}

}  // namespace agent
