#pragma once
// The courier's TLS side as the files on disk have it now: rotated ones are noticed before the next exchange.
#include <openssl/types.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "crypto/tls_context.hpp"

struct ssl_session_st;  // SSL_SESSION, which openssl/types.h does not declare

namespace agent {

void free_tls_session(ssl_session_st* session) noexcept;
void free_tls_handle(SSL* end) noexcept;

// The newest ticket of a server, to resume by: used once, then replaced by the one the new connection brings.
using TlsSession = Handle<ssl_session_st, &free_tls_session>;
using TlsHandle = Handle<SSL, &free_tls_handle>;

// What tells one version of a file from another, without reading it.
struct FileStamp {
    std::int64_t modified_ns{};
    std::int64_t changed_ns{};
    std::int64_t size{};
    std::uint64_t inode{};
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

class TlsIdentity {
public:
    explicit TlsIdentity(TlsFiles files) : files_{std::move(files)} {}

    enum class Look : std::uint8_t { unchanged, renewed };
    // Looks at the three files. New ones that do not fit together are logged once, and the old ones go on serving; an
    // error only where there are no old ones.
    [[nodiscard]] Result<Look> look();

    // Our end of a new connection, asking to resume by `keep` where that holds a session. `keep` gets the session that
    // the server hands out; it must outlive the connection.
    [[nodiscard]] Result<TlsHandle> new_connection(TlsSession& keep) const;

private:
    using Stamps = std::array<std::optional<FileStamp>, 3>;
    [[nodiscard]] Stamps stamps() const;

    TlsFiles files_;
    TlsContext context_;
    Stamps seen_;
};

}  // namespace agent
