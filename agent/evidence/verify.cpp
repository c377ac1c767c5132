#include "evidence/verify.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "codec/bundle_codec.hpp"
#include "crypto/digest.hpp"
#include "evidence/chain_check.hpp"
#include "evidence/export_folders.hpp"
#include "evidence/export_layout.hpp"
#include "evidence/receipts.hpp"
#include "host/files.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;

const PublicKey* key_that_verifies(const std::vector<PublicKey>& keys, std::string_view bytes, std::string_view sig) {
    for (const auto& key : keys)
        if (key.verify(bytes, sig).has_value()) return &key;
    return nullptr;
}

bool has_key(const std::vector<PublicKey>& keys, const KeyId& id) {
    return std::ranges::any_of(keys, [&](const PublicKey& key) { return key.key_id() == id; });
}

class Verification {
public:
    explicit Verification(const VerifyRequest& request) : request_{request} {}

    [[nodiscard]] Result<VerifyAccount> run() {
        AGENT_TRY(auto found, find_bundle_folders(request_.directory));
        account_.faults = std::move(found.faults);
        account_.remarks = std::move(found.remarks);
        for (const auto& folder : found.folders) look_at(folder);
        if (account_.bundles == 0 && account_.faults.empty())
            return Error{Errc::not_found, request_.directory.string() + ": holds no evidence (no bundle.json)"};
        judge_chain();
        add_remarks();
        for (const auto& fault : account_.faults) faulty_.insert(fault.bundle);
        account_.verified = std::ranges::count_if(ids_, [&](const auto& id) { return !faulty_.contains(id); });
        return std::move(account_);
    }

private:
    void fault(const std::string& bundle, std::string_view what, std::string why) {
        account_.faults.push_back({bundle, std::string{what}, std::move(why)});
    }

    // A fault of a bundle whose place in the chain nobody can know.
    void unreadable(const std::string& bundle, std::string_view what, std::string why) {
        fault(bundle, what, std::move(why));
        ++unreadable_;
    }

    // Of a bundle that cannot be believed to tell its id: the folder's name where that can be one, else the path.
    [[nodiscard]] std::string label_of(const fs::path& folder) const {
        auto name = folder.filename().string();
        if (is_name(name, 36, 36)) return name;
        return agent::quoted(folder.lexically_relative(request_.directory).string());
    }

    void look_at(const BundleFolder& folder) {
        const auto name = folder.path.filename().string();
        const auto label = label_of(folder.path);
        if (!folder.bundle) {
            const auto* left = folder.receipt ? "a receipt without its bundle: " : "";
            return unreadable(label, "file", std::string{left} + "bundle.json is missing");
        }
        ++account_.bundles;
        SignedBundle bundle;
        auto bytes = read_file(folder.path / bundle_file, limits::bundle_bytes);
        if (bytes.has_error()) return unreadable(label, "file", bytes.error().message());
        bundle.bytes = std::move(bytes).value();
        bundle.sha256 = sha256_hex(bundle.bytes);

        // Nothing that a bundle says is believed before its signature.
        const auto summary = parse_bundle(bundle.bytes);
        const auto* key = signing_key(folder, label, bundle.bytes, summary);
        if (key == nullptr) return;
        if (summary.has_error()) return unreadable(label, "file", "bundle.json: " + summary.error().message());
        const auto& told = summary.value();
        bundle.bundle_id = told.bundle_id;
        bundle.chain = told.chain;
        const auto& id = told.bundle_id.str();
        ids_.push_back(id);
        if (name != id) fault(id, "file", "its folder is named " + agent::quoted(name));
        const auto day = fs::path{request_.directory} / folder_of_day(told.timestamp_end);
        if (folder.path.parent_path() != day) ++other_day_;
        links_.push_back({told.bundle_id, told.chain, bundle.sha256, told.timestamp_end});
        if (key->key_id() != told.signer)
            fault(id, "signature",
                  "signer names key " + told.signer.str() + ", but it is signed by " + key->key_id().str());
        check_receipt(folder, bundle, told);
    }

    // Null after the fault was told.
    const PublicKey* signing_key(const BundleFolder& folder, const std::string& label, std::string_view bytes,
                                 const Result<BundleSummary>& summary) {
        if (!folder.signature) {
            unreadable(label, "file", "bundle.sig is missing");
            return nullptr;
        }
        const auto signature = read_file(folder.path / signature_file, std::tuple_size_v<Signature>);
        if (signature.has_error()) {
            unreadable(label, "file", signature.error().message());
            return nullptr;
        }
        if (signature.value().size() != std::tuple_size_v<Signature>) {
            unreadable(label, "signature",
                       "bundle.sig has " + std::to_string(signature.value().size()) + " bytes, a signature has 64");
            return nullptr;
        }
        const auto* key = key_that_verifies(request_.host_keys, bytes, signature.value());
        if (key != nullptr) return key;
        if (summary.has_value() && !has_key(request_.host_keys, summary.value().signer))
            unreadable(
                label, "signature",
                "signed by key " + agent::quoted(summary.value().signer.str()) + ", which is not among the given ones");
        else
            unreadable(label, "signature", "the signature does not verify: bundle.json or bundle.sig was changed");
        return nullptr;
    }

    void check_receipt(const BundleFolder& folder, const SignedBundle& bundle, const BundleSummary& told) {
        if (!folder.receipt) {
            ++without_receipt_;
            return;
        }
        if (request_.receipt_keys.empty()) return;
        const auto& id = told.bundle_id.str();
        const auto envelope = read_file(folder.path / receipt_file, limits::envelope_bytes);
        if (envelope.has_error()) return fault(id, "file", envelope.error().message());
        const auto receipt =
            verify_receipt(envelope.value(), bundle, told.site_id, told.host_id, request_.receipt_keys);
        if (receipt.has_error()) return fault(id, "receipt", receipt.error().message());
        ++account_.receipts;
    }

    void judge_chain() {
        auto chain = check_chain(std::move(links_), request_.head, unreadable_);
        for (const auto& epoch : chain.epochs_beside_head)
            account_.remarks.push_back("whether the tail of epoch " + agent::quoted(epoch) +
                                       " is there was not verified: the given head is not in it");
        account_.epochs = chain.epochs;
        account_.first_sequence = chain.first_sequence;
        account_.last_sequence = chain.last_sequence;
        std::ranges::move(chain.faults, std::back_inserter(account_.faults));
    }

    void add_remarks() {
        if (request_.receipt_keys.empty())
            account_.remarks.emplace_back("receipts were not verified: no receipt key was given");
        if (without_receipt_ > 0)
            account_.remarks.push_back("without a receipt: " + std::to_string(without_receipt_) + " of " +
                                       std::to_string(account_.bundles) + " bundles");
        if (!request_.head)
            account_.remarks.emplace_back("whether the tail is there was not verified: no head was given");
        if (other_day_ > 0)
            account_.remarks.push_back(
                "in the folder of another day than they ended on: " + std::to_string(other_day_) + " bundles");
    }

    const VerifyRequest& request_;
    VerifyAccount account_;
    std::vector<BundleLink> links_;
    std::vector<std::string> ids_;
    std::set<std::string> faulty_;
    std::int64_t unreadable_{};
    std::int64_t without_receipt_{};
    std::int64_t other_day_{};
};

}  // namespace

Result<VerifyAccount> verify_evidence(const VerifyRequest& request) { return Verification{request}.run(); }

}  // namespace agent
