#include "codec/receipt_codec.hpp"

#include <utility>

#include "codec/json.hpp"
#include "codec/members.hpp"

namespace agent {

std::string write_receipt(const Receipt& receipt) {
    return write_json(Value::object({{"bundle_id", receipt.bundle_id.str()},
                                     {"sha256", receipt.sha256},
                                     {"site_id", receipt.site_id.str()},
                                     {"host_id", receipt.host_id.str()},
                                     {"epoch", receipt.epoch},
                                     {"sequence", receipt.sequence},
                                     {"received_at", format_rfc3339(receipt.received_at)}}));
}

Result<Receipt> parse_receipt(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto members, Members::of(value, {}));
    AGENT_TRY(members.only({"bundle_id", "sha256", "site_id", "host_id", "epoch", "sequence", "received_at"}));
    AGENT_TRY(auto bundle, members.uuid("bundle_id"));
    AGENT_TRY(auto site, members.name("site_id"));
    AGENT_TRY(auto host, members.name("host_id"));
    Receipt receipt;
    AGENT_TRY(receipt.sha256, members.sha256("sha256"));
    AGENT_TRY(receipt.epoch, members.uuid("epoch"));
    AGENT_TRY(receipt.sequence, members.integer("sequence"));
    if (receipt.sequence < 1) return members.fault("sequence", "less than 1");
    AGENT_TRY(receipt.received_at, members.time("received_at"));
    receipt.bundle_id = BundleId{std::move(bundle)};
    receipt.site_id = SiteId{std::move(site)};
    receipt.host_id = HostId{std::move(host)};
    return receipt;
}

}  // namespace agent
