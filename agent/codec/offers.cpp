#include "codec/offers.hpp"

#include <utility>

#include "codec/json.hpp"
#include "codec/json_rules.hpp"
#include "codec/members.hpp"

namespace agent {
namespace {

JsonRules keep(std::string_view member, std::size_t depth) {
    JsonRules rules;
    rules.kept_member = member;
    rules.kept_depth = depth;
    return rules;
}

// The bytes of a member that JsonRules kept, which is so exactly where it is an object.
Result<std::string> kept_bytes(const Members& members, std::string_view name) {
    AGENT_TRY(const auto kept, members.object(name));
    return kept.string("bytes");
}

}  // namespace

Result<PendingAnswer> parse_pending(std::string_view json) {
    constexpr std::size_t depth_of_envelope = 4;  // answer, orders, offer, envelope
    AGENT_TRY(const auto value, parse_json(json, keep("envelope", depth_of_envelope)));
    AGENT_TRY(const auto members, Members::of(value, {}));
    AGENT_TRY(const auto* orders, members.array("orders"));
    PendingAnswer answer;
    AGENT_TRY(answer.more, members.boolean("more"));
    for (const auto& item : *orders) {
        AGENT_TRY(const auto offer_members, Members::of(item, "orders[" + std::to_string(answer.offers.size()) + "]"));
        Offer offer;
        AGENT_TRY(offer.id, offer_members.string("id"));
        AGENT_TRY(offer.envelope, kept_bytes(offer_members, "envelope"));
        answer.offers.push_back(std::move(offer));
    }
    return answer;
}

// By hand, since an envelope goes out as the bytes it came in.
std::string write_pending(const PendingAnswer& answer) {
    std::string json = R"({"more":)";
    json.append(answer.more ? "true" : "false").append(R"(,"orders":[)");
    bool first = true;
    for (const auto& offer : answer.offers) {
        if (!std::exchange(first, false)) json += ',';
        json.append(R"({"envelope":)").append(offer.envelope);
        json.append(R"(,"id":)").append(write_json(Value{offer.id})).append("}");
    }
    return json + "]}";
}

Result<UploadAnswer> parse_upload_answer(std::string_view json) {
    constexpr std::size_t depth_of_receipt = 2;
    AGENT_TRY(const auto value, parse_json(json, keep("receipt", depth_of_receipt)));
    AGENT_TRY(const auto members, Members::of(value, {}));
    UploadAnswer answer;
    AGENT_TRY(answer.receipt, kept_bytes(members, "receipt"));
    return answer;
}

std::string write_upload_answer(const UploadAnswer& answer) {
    const auto chain = Value::object({{"epoch", answer.chain.epoch},
                                      {"sequence", answer.chain.sequence},
                                      {"gap", answer.gap},
                                      {"fork", answer.fork}});
    auto json = write_json(Value::object({{"bundle_id", answer.bundle_id.str()},
                                          {"sha256", answer.sha256},
                                          {"received_at", format_rfc3339(answer.received_at)},
                                          {"chain", chain}}));
    json.pop_back();  // the closing brace: the receipt follows as the bytes that were stored
    return json.append(R"(,"receipt":)").append(answer.receipt).append("}");
}

}  // namespace agent
