#include "codec/bundle_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

Bundle least_bundle() {
    Bundle bundle;
    bundle.bundle_id = BundleId{"0f8fad5b-d9cb-469f-a165-70867728950e"};
    bundle.site_id = SiteId{"clinic-001"};
    bundle.host_id = HostId{"srv-01"};
    bundle.agent_version = "0.1.0";
    bundle.agent_build = "abc";
    bundle.timestamp_start = parse_rfc3339("2026-01-31T09:30:00Z").value();
    bundle.timestamp_end = parse_rfc3339("2026-01-31T09:30:01.5Z").value();
    bundle.policy_version = "1.0";
    bundle.ruleset_hash = std::string(64, 'b');
    bundle.chain = {"7c9e6679-7425-40de-944b-e07fc1f90ae7", 1, std::string(64, '0')};
    bundle.signer = KeyId{std::string(64, 'c')};
    return bundle;
}

Bundle full_bundle() {
    auto bundle = least_bundle();
    bundle.deployment_mode = DeploymentMode::reseller;
    bundle.reseller_id = "acme";
    bundle.nixos_revision = "23.11";
    bundle.derivation_digest = "d";
    bundle.ntp_offset_ms = -12;
    bundle.trigger = Trigger::order;
    bundle.check = "patching";
    bundle.result = CheckResult::not_applicable;
    bundle.severity = Severity::critical;
    bundle.controls = {{"164.312(a)(1)"}, {"SC-7"}};
    bundle.pre_state = Value::object({{"mode", "0644"}});
    bundle.post_state = Value::object({{"mode", "0600"}});
    bundle.action_taken = {{1, "run", std::vector<std::string>{"/bin/true", "a b"}, 0, 0.25, "ok", "head", "tail"},
                           {2, "check", std::nullopt, std::nullopt, 1, "ok", "", ""}};
    bundle.plan = Plan{"digest", {{1, "install_file", Value{"0644"}, Value{"0600"}}}};
    bundle.rollback_available = true;
    bundle.rollback_generation = 41;
    bundle.outcome = Outcome::deferred;
    bundle.error = "outside_maintenance_window: opens at 02:00";
    bundle.order_id = OrderId{"order-1"};
    bundle.runbook_id = RunbookId{"RB-X"};
    bundle.runbook_sha256 = std::string(64, 'e');
    bundle.order =
        OrderEvidence{"order-1",
                      parse_json(R"({"payload":"YQ==","payloadType":"t","signatures":[]})").value(),
                      {{Gate::too_large, Verdict::pass, ""}, {Gate::malformed_payload, Verdict::refuse, "why"}}};
    return bundle;
}

// The full bundle as a value with another value at `path`.
Value with(std::vector<std::string> path, Value value) {
    static const auto full = parse_json(write_bundle(full_bundle())).value();
    auto root = full;
    Value* at = &root;
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
        at = at->array() != nullptr ? &at->array()->at(std::stoul(path[i])) : &at->object()->at(path[i]);
    at->set(path.back(), std::move(value));
    return root;
}

std::string fault_in(const Value& bundle) {
    const auto read = parse_bundle(write_json(bundle));
    return read.has_value() ? "accepted" : read.error().message();
}

TEST(BundleCodec, WritesEveryMemberOfTheProtocolAndNoOther) {
    const auto value = parse_json(write_bundle(least_bundle())).value();
    std::vector<std::string> names;
    for (const auto& [name, member] : *value.object()) names.push_back(name);
    EXPECT_THAT(names, ::testing::UnorderedElementsAre(
                           "version", "bundle_id", "site_id", "host_id", "deployment_mode", "reseller_id", "agent",
                           "timestamp_start", "timestamp_end", "policy_version", "ruleset_hash", "nixos_revision",
                           "derivation_digest", "ntp_offset_ms", "trigger", "check", "result", "severity",
                           "hipaa_controls", "framework_mappings", "pre_state", "post_state", "action_taken", "plan",
                           "rollback_available", "rollback_generation", "outcome", "error", "order_id", "runbook_id",
                           "runbook_sha256", "order", "chain", "signer"));
    EXPECT_EQ(*value.find("version"), Value{"1.1"});
    EXPECT_EQ(*value.find("timestamp_start"), Value{"2026-01-31T09:30:00.000Z"});
    EXPECT_EQ(*value.find("timestamp_end"), Value{"2026-01-31T09:30:01.500Z"});
    EXPECT_EQ(*value.find("result"), Value{});
    EXPECT_EQ(*value.find("order"), Value{});
    EXPECT_EQ(*value.find("action_taken"), Value{Value::Array{}});
    EXPECT_EQ(*value.find("framework_mappings"), Value{Value::Object{}});
    EXPECT_EQ(*value.find("pre_state"), Value{Value::Object{}});
}

TEST(BundleCodec, WritesTheFormsOfTheProtocol) {
    const auto value = parse_json(write_bundle(full_bundle())).value();
    EXPECT_EQ(write_json(*value.find("action_taken")),
              R"([{"action":"run","command":["/bin/true","a b"],"duration_sec":0.25,"exit_code":0,)"
              R"("output_head":"head","output_tail":"tail","result":"ok","step":1},)"
              R"({"action":"check","command":null,"duration_sec":1.0,"exit_code":null,)"
              R"("output_head":"","output_tail":"","result":"ok","step":2}])");
    EXPECT_EQ(write_json(*value.find("plan")),
              R"({"sha256":"digest","steps":[{"action":"install_file","current":"0644","desired":"0600","step":1}]})");
    EXPECT_EQ(write_json(*value.find("order")->find("gates")),
              R"([{"detail":"","gate":"too_large","verdict":"pass"},)"
              R"({"detail":"why","gate":"malformed_payload","verdict":"refuse"}])");
    EXPECT_EQ(write_json(*value.find("framework_mappings")), R"({"nist_800_53":["SC-7"]})");
    EXPECT_EQ(write_json(*value.find("chain")),
              R"({"epoch":"7c9e6679-7425-40de-944b-e07fc1f90ae7","previous_sha256":")" + std::string(64, '0') +
                  R"(","sequence":1})");
}

TEST(BundleCodec, ReadsWhatMattersOfWhatItWrites) {
    const auto summary = parse_bundle(write_bundle(full_bundle())).value();
    EXPECT_EQ(summary.bundle_id.str(), "0f8fad5b-d9cb-469f-a165-70867728950e");
    EXPECT_EQ(summary.site_id.str(), "clinic-001");
    EXPECT_EQ(summary.host_id.str(), "srv-01");
    EXPECT_EQ(summary.timestamp_end - summary.timestamp_start, Duration{1500});
    EXPECT_EQ(summary.trigger, Trigger::order);
    EXPECT_EQ(summary.check, "patching");
    EXPECT_EQ(summary.result, CheckResult::not_applicable);
    EXPECT_EQ(summary.severity, Severity::critical);
    EXPECT_EQ(summary.outcome, Outcome::deferred);
    EXPECT_EQ(summary.error, "outside_maintenance_window: opens at 02:00");
    EXPECT_EQ(summary.order_id, OrderId{"order-1"});
    EXPECT_EQ(summary.runbook_id, RunbookId{"RB-X"});
    EXPECT_EQ(summary.order_payload, "YQ==");
    EXPECT_EQ(summary.chain.epoch, "7c9e6679-7425-40de-944b-e07fc1f90ae7");
    EXPECT_EQ(summary.chain.sequence, 1);
    EXPECT_EQ(summary.chain.previous_sha256, std::string(64, '0'));
    EXPECT_EQ(summary.signer.str(), std::string(64, 'c'));
}

TEST(BundleCodec, ReadsABundleInWhichNothingAppliesToMuch) {
    const auto summary = parse_bundle(write_bundle(least_bundle())).value();
    EXPECT_FALSE(summary.result);
    EXPECT_FALSE(summary.severity);
    EXPECT_FALSE(summary.error);
    EXPECT_FALSE(summary.order_id);
    EXPECT_FALSE(summary.runbook_id);
    EXPECT_FALSE(summary.order_payload);
}

TEST(BundleCodec, WantsEveryMember) {
    const auto whole = parse_json(write_bundle(full_bundle())).value();
    for (const auto& [name, value] : *whole.object()) {
        auto members = *whole.object();
        members.erase(name);
        EXPECT_EQ(fault_in(Value{members}), name + ": missing");
    }
}

TEST(BundleCodec, WantsEveryMemberOfItsKind) {
    const auto whole = parse_json(write_bundle(full_bundle())).value();
    for (const auto& [name, value] : *whole.object()) {
        const auto wrong = value.boolean() != nullptr ? Value{"x"} : Value{true};
        EXPECT_THAT(fault_in(with({name}, wrong)), HasSubstr(name));
    }
}

TEST(BundleCodec, TakesMembersOfLaterVersions) {
    EXPECT_EQ(fault_in(with({"added_later"}, 1)), "accepted");
    EXPECT_EQ(fault_in(with({"chain", "added_later"}, 1)), "accepted");
}

struct Wrong {
    std::vector<std::string> path;
    Value value;
    std::string why;
};

TEST(BundleCodec, NamesTheMemberThatBreaksARule) {
    for (const auto& [path, value, why] : std::initializer_list<Wrong>{
             {{"version"}, "2.0", "version: not of version 1"},
             {{"bundle_id"}, "0f8fad5b-d9cb-469f-a165-70867728950", "bundle_id: not a UUID"},
             {{"bundle_id"}, "0f8fad5bxd9cb-469f-a165-70867728950e", "bundle_id: not a UUID"},
             {{"site_id"}, "a/b", "site_id: "},
             {{"host_id"}, "*", "host_id: "},
             {{"deployment_mode"}, "cloud", "deployment_mode: unknown word"},
             {{"agent", "build"}, nullptr, "agent.build: not a string"},
             {{"timestamp_start"}, "2026-01-31T09:30:00Z", "timestamp_start: not a time with exactly three decimals"},
             {{"timestamp_end"}, "2026-01-31T25:30:00.000Z", "timestamp_end: not a time"},
             {{"policy_version"}, nullptr, "policy_version: "},
             {{"ntp_offset_ms"}, "3", "ntp_offset_ms: not a number"},
             {{"trigger"}, "cron", "trigger: unknown word"},
             {{"check"}, "", "check: "},
             {{"check"}, std::string(129, 'x'), "check: "},
             {{"result"}, "passed", "result: unknown word"},
             {{"severity"}, "urgent", "severity: unknown word"},
             {{"hipaa_controls"}, Value::array({1}), "hipaa_controls: "},
             {{"framework_mappings", "iso"}, "A.5", "framework_mappings.iso: not an array"},
             {{"pre_state"}, nullptr, "pre_state: not an object"},
             {{"post_state"}, Value::array({}), "post_state: not an object"},
             {{"action_taken", "0", "command"}, "ls", "action_taken[0].command: not an array"},
             {{"action_taken", "1", "exit_code"}, "0", "action_taken[1].exit_code: not an integer"},
             {{"action_taken", "1", "duration_sec"}, nullptr, "action_taken[1].duration_sec: not a number"},
             {{"action_taken", "0", "output_tail"}, nullptr, "action_taken[0].output_tail: not a string"},
             {{"plan", "sha256"}, nullptr, "plan.sha256: not a string"},
             {{"plan", "steps", "0", "action"}, 1, "plan.steps[0].action: not a string"},
             {{"rollback_available"}, nullptr, "rollback_available: neither true nor false"},
             {{"outcome"}, nullptr, "outcome: not a string"},
             {{"outcome"}, "done", "outcome: unknown word"},
             {{"order", "id"}, 1, "order.id: not a string"},
             {{"order", "envelope"}, "x", "order.envelope: not an object"},
             {{"order", "envelope", "payload"}, 1, "order.envelope.payload: not a string"},
             {{"order", "gates", "0", "gate"}, "gate_1", "order.gates[0].gate: unknown word"},
             {{"order", "gates", "0", "verdict"}, "ok", "order.gates[0].verdict: unknown word"},
             {{"chain", "epoch"}, "1", "chain.epoch: not a UUID"},
             {{"chain", "sequence"}, 0, "chain.sequence: less than 1"},
             {{"chain", "sequence"}, 1.0, "chain.sequence: not an integer"},
             {{"chain", "previous_sha256"}, std::string(64, 'A'), "chain.previous_sha256: "},
             {{"signer", "key_id"}, "k", "signer.key_id: "},
         })
        EXPECT_THAT(fault_in(with(path, value)), HasSubstr(why)) << path.back();
}

TEST(BundleCodec, TakesACustomCheckByAnyNameAndARefusedOrderWithoutEnvelope) {
    EXPECT_EQ(fault_in(with({"check"}, "file:/etc/motd")), "accepted");
    const auto refused = parse_bundle(write_json(with({"order", "envelope"}, nullptr)));
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused.value().order_payload);
}

TEST(BundleCodec, IsStrictAboutItsJson) {
    auto text = write_bundle(least_bundle());
    EXPECT_FALSE(parse_bundle("\xEF\xBB\xBF" + text));
    text.insert(1, R"("version":"1.1",)");
    EXPECT_THAT(parse_bundle(text).error().message(), HasSubstr("duplicate member"));
}

}  // namespace
}  // namespace agent
