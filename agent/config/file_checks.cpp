#include "config/file_checks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "crypto/certificate.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/pem.hpp"

namespace agent {
namespace {

Error unreadable(const std::filesystem::path& path, int errno_value) {
    const auto name = path.string();
    if (errno_value == ENOENT) return {Errc::not_found, name + ": no such file or folder"};
    if (errno_value == EACCES)
        return {Errc::system, name + ": user " + std::to_string(::geteuid()) +
                                  " may not read it (permission denied on the file or a folder above it)"};
    return system_error(errno_value, name);
}

Result<> check_readable(const std::filesystem::path& path, FileDuty duty) {
    const int kind = duty == FileDuty::folder ? O_DIRECTORY : 0;
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | kind)};
    if (!file.valid() && errno == ENOTDIR)
        return Error{Errc::system,
                     path.string() +
                         (duty == FileDuty::folder ? ": is not a folder" : ": what stands above it is not a folder")};
    if (!file.valid()) return unreadable(path, errno);
    std::error_code error;
    if (duty != FileDuty::folder && std::filesystem::is_directory(path, error))
        return Error{Errc::system, path.string() + ": is a folder, not a file"};
    return ok();
}

template <class T>
Result<> without_value(Result<T>&& result) {
    if (result.has_error()) return std::move(result).error();
    return ok();
}

Result<> check_tls_key(const std::filesystem::path& path) {
    AGENT_TRY(const auto pem, read_key_file(path));
    return without_value(in_context(read_private_pem(text_of(pem.bytes())), path.string()));
}

Result<> check_own_key(const std::filesystem::path& path) {
    AGENT_TRY(const auto pem, read_key_file(path));
    return without_value(in_context(PrivateKey::from_pem(text_of(pem.bytes())), path.string()));
}

Result<> check_file(const NamedFile& file) {
    auto readable = check_readable(file.path, file.duty);
    if (readable.has_error()) {
        const bool by_default = file.line == 0 && (file.duty == FileDuty::text || file.duty == FileDuty::folder);
        const bool may_be_missing = file.duty == FileDuty::own_key || by_default;
        if (may_be_missing && readable.error().code() == Errc::not_found) return ok();
        return readable;
    }
    const bool secret = file.duty == FileDuty::tls_key || file.duty == FileDuty::own_key;
    if (secret && !file.any_mode) {
        AGENT_TRY(check_private_mode(file.path));
    }
    switch (file.duty) {
        case FileDuty::trust_anchors:
        case FileDuty::certificate: return without_value(load_certificate(file.path));
        case FileDuty::tls_key: return check_tls_key(file.path);
        case FileDuty::public_key: return without_value(PublicKey::load(file.path));
        case FileDuty::own_key: return check_own_key(file.path);
        case FileDuty::text:
        case FileDuty::folder: return ok();
    }
    return ok();
}

// A message that does not name its file is of no use in a list of faults.
std::string with_name(const NamedFile& file, std::string message) {
    if (message.find(file.path.string()) == std::string::npos) message = file.path.string() + ": " + message;
    if (file.line == 0) message += " (the default; name another file to change it)";
    return message;
}

void add_fault(const std::filesystem::path& configuration, const NamedFile& file, const Error& error, Faults& faults) {
    faults.push_back({configuration.string(), file.line, file.key, with_name(file, error.message())});
}

const NamedFile* sound_file(const std::vector<NamedFile>& files, FileDuty duty, const Faults& faults) {
    const auto found = std::ranges::find(files, duty, &NamedFile::duty);
    if (found == files.end() || is_closed_to_us(found->path)) return nullptr;
    return std::ranges::find(faults, found->key, &Fault::key) == faults.end() ? &*found : nullptr;
}

}  // namespace

bool is_closed_to_us(const std::filesystem::path& file) {
    return ::geteuid() != 0 && ::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

void check_files(const std::filesystem::path& configuration, const std::vector<NamedFile>& files, Faults& faults,
                 ClosedKeys closed) {
    for (const auto& file : files) {
        const bool is_private = file.duty == FileDuty::tls_key || file.duty == FileDuty::own_key;
        if (closed == ClosedKeys::are_fine && is_private && is_closed_to_us(file.path)) continue;
        if (const auto checked = check_file(file); checked.has_error())
            add_fault(configuration, file, checked.error(), faults);
    }
}

void check_tls_files(const std::filesystem::path& configuration, const std::vector<NamedFile>& files, TlsEnd end,
                     Faults& faults) {
    const auto* anchors = sound_file(files, FileDuty::trust_anchors, faults);
    const auto* certificate = sound_file(files, FileDuty::certificate, faults);
    const auto* key = sound_file(files, FileDuty::tls_key, faults);
    if (anchors == nullptr || certificate == nullptr || key == nullptr) return;
    TlsFiles tls;
    tls.ca_file = anchors->path;
    tls.cert_file = certificate->path;
    tls.key_file = key->path;
    const auto context = end == TlsEnd::client ? client_tls_context(tls) : server_tls_context(tls);
    if (context.has_value()) return;
    const auto& message = context.error().message();
    const auto* blamed = key;
    for (const auto* file : {anchors, certificate})
        if (message.starts_with(file->path.string() + ':')) blamed = file;
    add_fault(configuration, *blamed, context.error(), faults);
}

}  // namespace agent
