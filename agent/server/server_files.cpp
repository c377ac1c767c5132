#include "server/server_files.hpp"

#include <system_error>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "crypto/pem.hpp"

namespace agent {
namespace {

// Whatever its mode: that of the server's files is a warning at the start (run_server).
Result<PrivateKey> load_receipt_key(const std::filesystem::path& file) {
    AGENT_TRY(const auto pem, read_key_file(file));
    return in_context(PrivateKey::from_pem(text_of(pem.bytes())), file.string());
}

}  // namespace

Result<Keyring> load_order_keys(const OrderServerSettings& settings) {
    Keyring keyring;
    for (const auto& file : settings.order_keys) {
        AGENT_TRY(auto key, in_context(PublicKey::load(file), "order_keys"));
        keyring.keys.push_back(
            {.key = std::move(key), .runbooks = {"*"}, .not_before = std::nullopt, .not_after = std::nullopt});
    }
    return keyring;
}

std::filesystem::path public_file_beside(const std::filesystem::path& private_file) {
    auto file = private_file;
    if (file.extension() == ".key") return file.replace_extension(".pub");
    return file += ".pub";
}

Result<PrivateKey> load_or_make_receipt_key(const std::filesystem::path& file) {
    std::error_code failure;
    const bool there = std::filesystem::exists(file, failure);
    if (failure) return Error{Errc::system, "receipt_key_file " + file.string() + ": " + failure.message()};
    if (there) return in_context(load_receipt_key(file), "receipt_key_file");
    AGENT_TRY(auto key, PrivateKey::generate());
    std::filesystem::create_directories(file.parent_path(), failure);
    const auto public_file = public_file_beside(file);
    const auto saved = save_key_pair(key, file, public_file);
    if (saved.has_error()) {
        // Another server on the same files may have been faster: then its key is the one.
        if (std::filesystem::exists(file, failure)) return in_context(load_receipt_key(file), "receipt_key_file");
        return Error{saved.error()}.in_context("making the receipt key");
    }
    log_info("made the receipt key; hosts need its public half in server.receipt_keys",
             {{"file", public_file.string()}, {"key_id", key.public_key().key_id().str()}});
    return key;
}

}  // namespace agent
