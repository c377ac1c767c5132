#pragma once
// Bodies of the order server's answers (PROTOCOL.md section 6). Responses may have members added later.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/bundle.hpp"

namespace agent {

struct Offer {
    std::string id;        // unsigned: a claim
    std::string envelope;  // the bytes of the envelope object in the answer, untouched
};

struct PendingAnswer {
    std::vector<Offer> offers;
    bool more{};
};

// `malformed` where the answer is no such JSON. What stands *inside* an envelope, JSON or not, is that envelope's gate
// 2 and no failed poll, as long as its strings and brackets tell where it ends: the other offers count.
[[nodiscard]] Result<PendingAnswer> parse_pending(std::string_view json);
[[nodiscard]] std::string write_pending(const PendingAnswer& answer);

struct UploadAnswer {
    BundleId bundle_id;
    std::string sha256;
    WallTime received_at;
    ChainLink chain;      // epoch and sequence
    bool gap{};           // the predecessor is not there
    bool fork{};          // the chain forks here
    std::string receipt;  // the bytes of the receipt envelope
};
// Reads the receipt alone: it is signed, and says all that the other members claim.
[[nodiscard]] Result<UploadAnswer> parse_upload_answer(std::string_view json);
[[nodiscard]] std::string write_upload_answer(const UploadAnswer& answer);

}  // namespace agent
