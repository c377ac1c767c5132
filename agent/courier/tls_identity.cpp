#include "courier/tls_identity.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include "base/log.hpp"

namespace agent {
namespace {

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t in_a_second = 1'000'000'000;
    return static_cast<std::int64_t>(time.tv_sec) * in_a_second + time.tv_nsec;
}

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    return FileStamp{nanoseconds(status.st_mtim), nanoseconds(status.st_ctim), status.st_size, status.st_ino};
}

// Asio keeps index 0 ("application data") of both contexts and connections for itself.
int session_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* slot = static_cast<TlsSession*>(SSL_get_ex_data(ssl, session_index()));
    if (slot == nullptr) return 0;
    slot->reset(session);
    return 1;  // the reference is ours now
}

}  // namespace

void free_tls_session(SSL_SESSION* session) noexcept { SSL_SESSION_free(session); }
void free_tls_handle(SSL* end) noexcept { SSL_free(end); }

TlsIdentity::Stamps TlsIdentity::stamps() const {
    return {stamp_of(files_.ca_file), stamp_of(files_.cert_file), stamp_of(files_.key_file)};
}

Result<TlsIdentity::Look> TlsIdentity::look() {
    auto now = stamps();
    if (context_ && now == seen_) return Look::unchanged;
    seen_ = now;
    auto made = client_tls_context(files_);
    if (made.has_error()) {
        if (!context_) return std::move(made).error();
        log_warning("the TLS files have changed and are not usable, the old ones go on serving: " +
                    made.error().message());
        return Look::unchanged;
    }
    const bool first = !context_;
    context_ = std::move(made).value();
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.get(), &keep_session);
    if (!first) log_info("the TLS files have changed: certificate " + files_.cert_file.string() + " is in use now");
    return Look::renewed;
}

Result<TlsHandle> TlsIdentity::new_connection(TlsSession& keep) const {
    TlsHandle end{SSL_new(context_.get())};
    if (!end) return Error{Errc::system, "no memory for a TLS connection"};
    SSL_set_ex_data(end.get(), session_index(), &keep);
    if (keep) {
        // A session that does not fit is no harm: the handshake is then a full one.
        SSL_set_session(end.get(), keep.get());
        keep.reset();
    }
    ERR_clear_error();
    return end;
}

}  // namespace agent
