#include "daemon/own_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/log.hpp"
#include "crypto/key_file.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

std::filesystem::path public_half_of(const std::filesystem::path& file) {
    auto beside = file;
    return beside.replace_extension(".pub");
}

Result<PrivateKey> load_key(const std::filesystem::path& file) {
    AGENT_TRY(auto key, in_context(PrivateKey::load(file), "reading the evidence key"));
    // A crash between the two files of a new pair leaves the private one alone.
    const auto public_file = public_half_of(file);
    std::error_code ignored;
    if (!std::filesystem::exists(public_file, ignored) &&
        replace_file(public_file, key.public_key().to_pem(), {}).has_error())
        log_warning("the public half of the evidence key could not be written", {{"file", public_file.string()}});
    return key;
}

Error lost_key(const std::filesystem::path& file, std::int64_t sequence) {
    auto basename = file;
    basename.replace_extension();
    return {Errc::not_found,
            "the evidence key " + file.string() + " is gone, but this host has signed " + std::to_string(sequence) +
                " bundles with it. Put the file back; if it is lost for good, make another with `compliance-agent key "
                "generate " +
                basename.string() +
                "` and enrol its public half with `compliance-server host add`: the chain goes on with it"};
}

}  // namespace

Result<> prepare_state_dir(const std::filesystem::path& state_dir) {
    const auto usable = [&]() -> Result<> {
        AGENT_TRY(make_directory(state_dir, 0700));
        if (::faccessat(AT_FDCWD, state_dir.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0)
            return system_error(errno, state_dir.string());
        return ok();
    }();
    if (usable.has_value()) return ok();
    const auto user = std::to_string(::geteuid());
    return Error{usable.error().code(),
                 "state_dir " + state_dir.string() + " cannot be used by user " + user + ": " +
                     usable.error().message() +
                     ". It must be a folder that this user may write to (install -d -m 0700 -o " + user + " " +
                     state_dir.string() + "), or state_dir must name another"};
}

Result<PrivateKey> evidence_key(const std::filesystem::path& file, StateStore& store) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) return load_key(file);
    AGENT_TRY(const auto head, store.evidence().head());
    if (head.sequence > 0) return lost_key(file, head.sequence);
    AGENT_TRY(auto key, PrivateKey::generate());
    const auto public_file = public_half_of(file);
    AGENT_TRY(in_context(save_host_key_pair(key, file, public_file), "making the evidence key"));
    log_info("made the evidence key; enrol its public half with the order server",
             {{"file", public_file.string()}, {"key_id", key.public_key().key_id().str()}});
    return key;
}

}  // namespace agent
