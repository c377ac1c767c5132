#pragma once
// The chain of PROTOCOL.md section 5, judged from its links alone.
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "evidence/verify.hpp"
#include "model/bundle.hpp"

namespace agent {

struct BundleLink {
    BundleId bundle_id;
    ChainLink chain;
    std::string sha256;  // of the bundle's bytes
    WallTime ended;
};

struct ChainAccount {
    std::vector<EvidenceFault> faults;
    std::int64_t epochs{};
    // Of the epoch that ends last.
    std::int64_t first_sequence{};
    std::int64_t last_sequence{};
    // Where `head` was found: the other epochs, whose tails it says nothing about.
    std::vector<std::string> epochs_beside_head;
};

// Within each epoch: from 1 with 64 zeros, no hole, nothing twice, every link the digest of the bundle before.
// `head`: that bundle is among them, so nothing up to it was cut off. `unreadable`: how many bundles are there whose
// links nobody can know; as many missing places are no fault of the bundle behind them.
[[nodiscard]] ChainAccount check_chain(std::vector<BundleLink> links, const std::optional<VerifyRequest::Head>& head,
                                       std::int64_t unreadable = 0);

}  // namespace agent
