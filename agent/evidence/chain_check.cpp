#include "evidence/chain_check.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"

namespace agent {
namespace {

using Epoch = std::vector<BundleLink>;

std::string span_of(std::int64_t first, std::int64_t last) {
    if (first == last) return "sequence " + std::to_string(first) + " is missing";
    return "sequences " + std::to_string(first) + " to " + std::to_string(last) + " are missing";
}

// `before` is null at the start of an epoch.
std::int64_t place_after(const BundleLink* before) { return before == nullptr ? 1 : before->chain.sequence + 1; }

std::optional<std::string> fault_between(const BundleLink* before, const BundleLink& link) {
    const auto sequence = link.chain.sequence;
    const auto expected = place_after(before);
    if (before != nullptr && sequence == before->chain.sequence)
        return "sequence " + std::to_string(sequence) + " is taken twice, also by bundle " + before->bundle_id.str();
    if (sequence > expected) return "a hole before it: " + span_of(expected, sequence - 1);
    if (sequence < 1) return "sequence " + std::to_string(sequence) + " does not exist: they count from 1";
    const auto wanted = before == nullptr ? std::string(64, '0') : before->sha256;
    if (link.chain.previous_sha256 == wanted) return std::nullopt;
    if (before == nullptr) return "it is the first of its epoch, but its previous_sha256 is not 64 zeros";
    return "its previous_sha256 is not the SHA-256 of bundle " + before->bundle_id.str() + " before it";
}

bool holds(const Epoch& epoch, const VerifyRequest::Head& head) {
    return std::ranges::any_of(epoch, [&](const BundleLink& link) {
        return link.chain.sequence == head.sequence && link.sha256 == head.sha256;
    });
}

std::optional<EvidenceFault> head_fault(const std::map<std::string, Epoch>& epochs, const VerifyRequest::Head& head,
                                        std::int64_t unreadable) {
    const BundleLink* at_head = nullptr;
    std::int64_t last = 0;
    for (const auto& [name, links] : epochs)
        for (const auto& link : links) {
            last = std::max(last, link.chain.sequence);
            if (link.chain.sequence != head.sequence) continue;
            if (link.sha256 == head.sha256) return std::nullopt;
            at_head = &link;
        }
    const auto known = "sequence " + std::to_string(head.sequence) + " with SHA-256 " + agent::quoted(head.sha256);
    if (at_head != nullptr)
        return EvidenceFault{at_head->bundle_id.str(), "head",
                             "the server knows " + known + ", but this bundle's SHA-256 is " + at_head->sha256};
    if (head.sequence > last && head.sequence - last <= unreadable) return std::nullopt;
    return EvidenceFault{
        "-", "head",
        "the tail is missing: the server knows " + known + ", but the export ends at sequence " + std::to_string(last)};
}

}  // namespace

ChainAccount check_chain(std::vector<BundleLink> links, const std::optional<VerifyRequest::Head>& head,
                         std::int64_t unreadable) {
    ChainAccount account;
    std::map<std::string, Epoch> epochs;
    for (auto& link : links) epochs[link.chain.epoch].push_back(std::move(link));
    account.epochs = static_cast<std::int64_t>(epochs.size());

    std::optional<WallTime> newest;
    for (auto& [name, epoch] : epochs) {
        std::ranges::sort(epoch, [](const BundleLink& a, const BundleLink& b) {
            return std::tie(a.chain.sequence, a.bundle_id) < std::tie(b.chain.sequence, b.bundle_id);
        });
        const BundleLink* before = nullptr;
        for (const auto& link : epoch) {
            const auto missing = link.chain.sequence - place_after(before);
            if (missing > 0 && missing <= unreadable)
                unreadable -= missing;
            else if (auto why = fault_between(before, link))
                account.faults.push_back({link.bundle_id.str(), "chain", *std::move(why)});
            before = &link;
        }
        if (newest && epoch.back().ended < *newest) continue;
        newest = epoch.back().ended;
        account.first_sequence = epoch.front().chain.sequence;
        account.last_sequence = epoch.back().chain.sequence;
    }
    if (!head) return account;
    if (auto fault = head_fault(epochs, *head, unreadable))
        account.faults.push_back(*std::move(fault));
    else
        for (const auto& [name, epoch] : epochs)
            if (!holds(epoch, *head)) account.epochs_beside_head.push_back(name);
    return account;
}

}  // namespace agent
