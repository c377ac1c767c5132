#pragma once
// The wire to one client: TLS, and HTTP/1.1 as plain values. It knows no routes, no callers and no time limits; these
// are put around each step by whoever takes it. An error means that the connection is over.
#include <openssl/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "crypto/certificate.hpp"
#include "server/http_message.hpp"

namespace agent {

// How reading a part of a request ended, as far as it matters to the answer.
enum class Reading : std::uint8_t { done, gone, malformed, header_too_large, body_too_large };

// What the header of a request says; the words are the peer's.
struct RequestHead {
    std::string method;
    std::string target;
    std::string content_type;
    std::vector<std::string> hosts;         // every Host
    std::vector<std::string> site_headers;  // every X-Site-ID
    std::vector<std::string> host_headers;  // every X-Host-ID
    std::optional<std::uint64_t> content_length;
    bool chunked{};
    bool keep_alive{};
    bool is_http_1_1{};
    bool other_coding{};      // a Transfer-Encoding that is not exactly "chunked"
    bool expects_continue{};  // and has not sent its body yet

    [[nodiscard]] bool has_body() const noexcept { return chunked || (content_length && *content_length > 0); }
};

class ClientChannel {
public:
    static constexpr std::size_t buffer_most = 64UL * 1024UL;
    static constexpr std::size_t read_at_once = 4096;

    // `tls` is only used in here.
    ClientChannel(asio::ip::tcp::socket socket, SSL_CTX* tls);
    ClientChannel(const ClientChannel&) = delete;
    ClientChannel& operator=(const ClientChannel&) = delete;
    ClientChannel(ClientChannel&&) = delete;
    ClientChannel& operator=(ClientChannel&&) = delete;
    ~ClientChannel();

    // Address and port, for messages.
    [[nodiscard]] const std::string& peer() const noexcept;
    [[nodiscard]] asio::any_io_executor executor() const;

    // `untrusted`: certificate or protocol, in words; `unreachable`: the client went.
    [[nodiscard]] Task<> shake_hands();
    // Nothing where the client showed none.
    [[nodiscard]] std::optional<CertificateFacts> certificate() const;

    // More bytes of the next request, which wait in the buffer.
    [[nodiscard]] Task<> read_some();
    [[nodiscard]] std::size_t buffered() const noexcept;
    // Whether the first byte of the next request is there; empty lines before it are dropped (RFC 9112 section 2.2).
    [[nodiscard]] bool request_begun();

    // Begins the next request; at most 16 KiB.
    [[nodiscard]] Task<Reading> read_header();
    // Once the header is there.
    [[nodiscard]] RequestHead head() const;
    // No more than `most` bytes.
    [[nodiscard]] Task<Reading> read_body(std::uint64_t most);
    [[nodiscard]] std::string take_body();

    [[nodiscard]] Task<> write_continue();
    // The answer to the request `head`, which ends it; to HEAD without its body.
    [[nodiscard]] Task<> write(const ApiResponse& response, const RequestHead& head, WallTime now, bool keep_alive);

    // Forgets what is in the buffer, and says how much that was.
    std::size_t drop_buffered() noexcept;
    // Ends our side and drops what still comes on the other, at most 64 KiB, so that the client gets to read our last
    // words (the alert of a failed handshake, a refusal) before the connection ends.
    [[nodiscard]] Task<> drain_socket();
    // close_notify, so that the session resumes (PROTOCOL.md section 2).
    [[nodiscard]] Task<> say_goodbye();

private:
    struct Wire;
    std::unique_ptr<Wire> wire_;
};

}  // namespace agent
