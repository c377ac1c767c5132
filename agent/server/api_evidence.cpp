#include <charconv>

#include "base/text.hpp"
#include "server/api.hpp"

namespace agent::api {
namespace {

constexpr std::int64_t usual_page = 100;
constexpr std::int64_t most_page = 1000;

Value meta_value(const ArchivedBundle& bundle) {
    return Value::object(
        {{"bundle_id", bundle.bundle_id.str()},
         {"sha256", bundle.sha256},
         {"site_id", bundle.site_id.str()},
         {"host_id", bundle.host_id.str()},
         {"received_at", format_rfc3339(bundle.received_at)},
         {"check", bundle.check},
         {"result", or_null(bundle.result)},
         {"outcome", bundle.outcome},
         {"order_id", or_null(bundle.order_id)},
         {"chain",
          Value::object(
              {{"epoch", bundle.epoch}, {"sequence", bundle.sequence}, {"gap", bundle.gap}, {"fork", bundle.fork}})}});
}

// `next` of the answer before: opaque to the caller, a position to us.
std::optional<std::int64_t> position_in(const std::optional<std::string>& after) {
    if (!after) return 0;
    std::int64_t position{};
    const auto [end, error] = std::from_chars(after->data(), after->data() + after->size(), position);
    if (error != std::errc{} || end != after->data() + after->size() || position < 0) return std::nullopt;
    return position;
}

Reply no_such_bundle(const Call& call) {
    return refusal(404, "not_found", "no bundle has the id " + quoted(call.id(), 64));
}

Result<std::optional<BundleDocuments>> find_documents(const Call& call) {
    AGENT_TRY(const auto bundle, call.service.evidence.find(BundleId{call.id()}));
    if (!bundle) return std::optional<BundleDocuments>{};
    AGENT_TRY(auto documents, call.service.evidence.documents(bundle->position));
    return std::optional{std::move(documents)};
}

Reply document_reply(std::string_view content_type, std::string bytes) {
    Reply reply;
    reply.response.content_type = content_type;
    reply.response.body = std::move(bytes);
    return reply;
}

}  // namespace

// GET /api/evidence
Result<Reply> list_evidence(const Call& call) {
    const auto& target = call.request.target;
    const auto limit = clamped_parameter(target, "limit", {.least = 1, .most = most_page, .otherwise = usual_page});
    if (limit.has_error()) return refusal(400, "malformed", limit.error().message());
    const auto after = position_in(target.parameter("after"));
    if (!after) return refusal(400, "malformed", "after is not the `next` of an earlier answer");

    AGENT_TRY(auto bundles, call.service.evidence.list({.site_id = target.parameter("site_id"),
                                                        .host_id = target.parameter("host_id"),
                                                        .after = *after,
                                                        .limit = limit.value() + 1}));
    Value next;
    if (static_cast<std::int64_t>(bundles.size()) > limit.value()) {
        bundles.pop_back();
        next = std::to_string(bundles.back().position);
    }
    Value::Array items;
    for (const auto& bundle : bundles) items.push_back(meta_value(bundle));
    return json_reply(200, Value::object({{"items", std::move(items)}, {"next", std::move(next)}}));
}

// GET /api/evidence/{bundle_id}
Result<Reply> evidence_meta(const Call& call) {
    AGENT_TRY(const auto bundle, call.service.evidence.find(BundleId{call.id()}));
    if (!bundle) return no_such_bundle(call);
    return json_reply(200, meta_value(*bundle));
}

// GET /api/evidence/{bundle_id}/bundle
Result<Reply> evidence_bundle(const Call& call) {
    AGENT_TRY(auto found, find_documents(call));
    if (!found) return no_such_bundle(call);
    return document_reply("application/json", std::move(found->bytes));
}

// GET /api/evidence/{bundle_id}/signature
Result<Reply> evidence_signature(const Call& call) {
    AGENT_TRY(auto found, find_documents(call));
    if (!found) return no_such_bundle(call);
    return document_reply("application/octet-stream", std::move(found->signature));
}

// GET /api/evidence/{bundle_id}/receipt
Result<Reply> evidence_receipt(const Call& call) {
    AGENT_TRY(auto found, find_documents(call));
    if (!found) return no_such_bundle(call);
    return document_reply("application/json", std::move(found->receipt));
}

}  // namespace agent::api
