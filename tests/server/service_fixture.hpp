#pragma once
// The endpoints over a real database file, without sockets.
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/encoding.hpp"
#include "codec/bundle_codec.hpp"
#include "codec/envelope.hpp"
#include "codec/json.hpp"
#include "codec/order_codec.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "server/router.hpp"
#include "server/server_store.hpp"
#include "support/fake_time.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

inline const std::string zeros(64, '0');

inline std::string text_of_signature(const Signature& signature) { return std::string{agent::text_of(signature)}; }

inline Caller host_caller(const std::string& host = "srv-01", const std::string& site = "clinic-001") {
    return {
        .identity = PeerIdentity{.trust_domain = "example.test", .site_id = site, .host_id = host, .operator_name = {}},
        .why_unknown = {}};
}
inline Caller operator_caller() {
    return {
        .identity = PeerIdentity{.trust_domain = "example.test", .site_id = {}, .host_id = {}, .operator_name = "jo"},
        .why_unknown = {}};
}
inline Caller stranger() { return {.identity = std::nullopt, .why_unknown = "no usable URI name"}; }

inline std::string sign_envelope(const std::string& payload, const PrivateKey& key,
                                 std::string_view type = order_payload_type) {
    const auto signature = key.sign(pre_authentication_encoding(type, payload));
    return write_envelope(type, payload, {{key.public_key().key_id().str(), text_of_signature(signature)}});
}

inline Bundle a_bundle(const PrivateKey& key, std::int64_t sequence, const std::string& previous) {
    Bundle bundle;
    bundle.bundle_id = BundleId{random_uuid()};
    bundle.site_id = SiteId{"clinic-001"};
    bundle.host_id = HostId{"srv-01"};
    bundle.agent_version = "0.1.0";
    bundle.agent_build = "test";
    bundle.policy_version = "1.0";
    bundle.ruleset_hash = zeros;
    bundle.check = "patching";
    bundle.result = CheckResult::pass;
    bundle.chain = {"0d5f4a5e-9f0e-4f4e-8b5e-3f6f2a9d6c11", sequence, previous};
    bundle.signer = key.public_key().key_id();
    return bundle;
}

inline std::string form_of(std::string_view bundle, std::string_view signature, const std::string& boundary = "xyz") {
    std::string body =
        "--" + boundary + "\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"bundle.json\"\r\n";
    body.append("Content-Type: application/json\r\n\r\n").append(bundle).append("\r\n--" + boundary + "\r\n");
    body.append("Content-Disposition: form-data; name=\"signature\"; filename=\"bundle.sig\"\r\n");
    body.append("Content-Type: application/octet-stream\r\n\r\n").append(signature);
    return body.append("\r\n--" + boundary + "--\r\n");
}

class ServiceFixture : public ::testing::Test {
protected:
    ServiceFixture() { start(); }

    void start() {
        service.reset();
        auto database = open_server_store(folder.path() / "state", OpenMode::create);
        ASSERT_TRUE(database.has_value()) << database.error().message();
        Keyring keyring;
        keyring.keys.push_back(
            {.key = order_key.public_key(), .runbooks = {"*"}, .not_before = std::nullopt, .not_after = std::nullopt});
        auto receipt = PrivateKey::from_pem(text_of(receipt_key.to_pem().bytes()));
        service.emplace(std::move(database).value(), time, std::move(receipt).value(), std::move(keyring));
    }

    Reply send(const Caller& caller, const std::string& method, const std::string& target, std::string body = {},
               const std::string& content_type = "application/json") {
        request = ApiRequest{};
        request.method = method;
        request.target = parse_target(target).value();
        request.content_type = content_type;
        request.body = std::move(body);
        return send_prepared(caller);
    }
    Reply send_prepared(const Caller& caller) {
        auto admitted = admit(request, caller);
        if (const auto* refused = std::get_if<ApiResponse>(&admitted)) {
            Reply reply;
            reply.response = *refused;
            return reply;
        }
        return answer(*std::get<const Route*>(admitted), {*service, caller, request});
    }

    OrderPayload an_order(const std::string& id) const {
        OrderPayload order;
        order.order_id = OrderId{id};
        order.site_id = SiteId{"clinic-001"};
        order.host_id = HostId{"srv-01"};
        order.runbook_id = RunbookId{"RB-TEST"};
        order.nonce = random_hex(32);
        order.ttl_seconds = 900;
        order.issued_at = time.wall;
        return order;
    }
    std::string envelope_of(const OrderPayload& order) const { return sign_envelope(write_order(order), order_key); }
    Reply submit(const std::string& envelope) { return send(operator_caller(), "POST", "/api/orders", envelope); }
    // A poll of the caller for itself; `query` is what it asks besides.
    Reply pending(const std::string& query = "", const Caller& caller = host_caller()) {
        return send(
            caller, "GET",
            "/api/orders/pending?site_id=" + caller.site_id().str() + "&host_id=" + caller.host_id().str() + query);
    }
    Value status_of_order(const std::string& id, const Caller& caller = operator_caller()) {
        return json(send(caller, "GET", "/api/orders/" + id + "/status"));
    }

    void enrol(const PrivateKey& key, const std::string& host = "srv-01") {
        const auto added =
            service->hosts.add_key(SiteId{"clinic-001"}, HostId{host}, key.public_key(), time.wall_now());
        ASSERT_TRUE(added.has_value()) << added.error().message();
    }
    Reply upload_bytes(const std::string& bytes, const std::string& signature, const Caller& caller = host_caller()) {
        return send(caller, "POST", "/api/evidence", form_of(bytes, signature), "multipart/form-data; boundary=xyz");
    }
    Reply upload(const Bundle& bundle, const Caller& caller = host_caller()) {
        const auto bytes = write_bundle(bundle);
        return upload_bytes(bytes, text_of_signature(evidence_key.sign(bytes)), caller);
    }
    // A bundle of srv-01 about an order whose envelope passed gates 1 to 6.
    Bundle bundle_about(const OrderPayload& order, Outcome outcome, std::optional<std::string> error = {}) const {
        auto bundle = a_bundle(evidence_key, 1, zeros);
        bundle.chain.epoch = random_uuid();
        bundle.outcome = outcome;
        bundle.error = std::move(error);
        bundle.order_id = order.order_id;
        bundle.order = OrderEvidence{
            .offered_id = order.order_id.str(), .envelope = parse_json(envelope_of(order)).value(), .gates = {}};
        return bundle;
    }

    static Value json(const Reply& reply) { return parse_json(reply.response.body).value(); }
    static std::string text(const Value& value, std::string_view name) {
        const auto* member = value.find(name);
        if (member == nullptr) return "(absent)";
        return member->string() != nullptr ? *member->string() : write_json(*member);
    }
    static std::string reason(const Reply& reply) {
        return std::to_string(reply.response.status) + " " + text(json(reply), "reason");
    }
    std::vector<std::string> offered(const std::string& query = "", const Caller& caller = host_caller()) {
        const auto answer = json(pending(query, caller));
        std::vector<std::string> ids;
        for (const auto& offer : *answer.find("orders")->array()) ids.push_back(text(offer, "id"));
        return ids;
    }

    TemporaryDirectory folder;
    FakeTime time;
    PrivateKey order_key{PrivateKey::generate().value()};
    PrivateKey receipt_key{PrivateKey::generate().value()};
    PrivateKey evidence_key{PrivateKey::generate().value()};
    std::optional<Service> service;
    ApiRequest request;
};

}  // namespace agent::testing
