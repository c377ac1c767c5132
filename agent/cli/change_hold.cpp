#include "cli/change_hold.hpp"

#include "crypto/digest.hpp"
#include "daemon/instance_lock.hpp"
#include "daemon/own_files.hpp"
#include "host/files.hpp"

namespace agent::cli {
namespace {

// A fault in the baseline is no reason to have no evidence: its bytes are all that a bundle tells of it.
Result<std::string> ruleset_hash_of(const std::filesystem::path& baseline) {
    constexpr std::size_t most = 16UL * 1024UL * 1024UL;
    const auto bytes = read_file(baseline, most);
    if (bytes.has_value()) return sha256_hex(bytes.value());
    if (bytes.error().code() == Errc::not_found && baseline == CheckRunSettings{}.baseline)
        return built_in_baseline().sha256;
    return bytes.error();
}

// The daemon makes the key, as the user that it runs as.
Result<PrivateKey> key_of(const std::filesystem::path& file, StateStore& store) {
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
        return Error{Errc::not_found, "there is no evidence key " + file.string() + "; the daemon makes it"};
    return evidence_key(file, store);
}

Result<> change_with_evidence(const AgentSettings& settings, StateStore& store, const HoldWork& work) {
    AGENT_TRY(const auto key, key_of(settings.evidence.key_file, store));
    LoadedAgent who;
    who.settings = settings;
    AGENT_TRY(who.baseline.sha256, ruleset_hash_of(settings.checks.baseline));
    const SystemTimeSource time;
    Recorder recorder{store, time, key, speaker_of(who)};
    AGENT_TRY(auto transaction, store.begin());
    AGENT_TRY(work.write(transaction));
    for (const auto& change : work.changes) {
        AGENT_TRY(recorder.record(transaction, draft_of_hold(change, time.wall_now())));
    }
    return transaction.commit();
}

}  // namespace

Result<> change_hold(const AgentSettings& settings, StateStore& store, const HoldWork& work) {
    const auto recorded = change_with_evidence(settings, store, work);
    if (recorded.has_error()) {
        AGENT_TRY(auto transaction, store.begin());
        AGENT_TRY(work.write(transaction));
        AGENT_TRY(transaction.commit());
        if (!work.changes.empty()) complain("it is done, but without evidence: " + recorded.error().message());
    }
    ring_daemon(settings.state_dir);
    return ok();
}

}  // namespace agent::cli
