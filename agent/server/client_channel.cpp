#include "server/client_channel.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <utility>

#include "crypto/tls_context.hpp"
#include "server/version.hpp"

namespace agent {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Certificate = Handle<X509, &X509_free>;
using Parser = http::request_parser<http::string_body>;

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t header_most = 16U * 1024U;

asio::ssl::context borrow(SSL_CTX* tls) {
    SSL_CTX_up_ref(tls);
    return asio::ssl::context{tls};
}

std::string name_of(const tcp::socket& socket) {
    error_code failure;
    const auto peer = socket.remote_endpoint(failure);
    if (failure) return "a peer that has gone";
    return peer.address().to_string() + " port " + std::to_string(peer.port());
}

std::vector<std::string> header_values(const http::fields& fields, std::string_view name) {
    std::vector<std::string> values;
    const auto [first, last] = fields.equal_range(name);
    for (auto field = first; field != last; ++field) values.emplace_back(field->value());
    return values;
}

Reading reading_of(const error_code& error) {
    if (!error) return Reading::done;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return Reading::header_too_large;
    if (error == http::error::body_limit) return Reading::body_too_large;
    const bool grammar = error.category() == error_code{http::error::bad_method}.category();
    if (grammar && error != http::error::end_of_stream && error != http::error::partial_message)
        return Reading::malformed;
    return Reading::gone;
}

http::response<http::string_body> message_of(const ApiResponse& response, const RequestHead& head, WallTime now,
                                             bool keep_alive) {
    constexpr int no_content = 204;
    http::response<http::string_body> message{http::int_to_status(static_cast<unsigned>(response.status)), 11};
    message.reason(std::string{status_phrase(response.status)});
    message.set(http::field::server, "compliance-server/" + std::string{server_version()});
    message.set(http::field::date, format_http_date(now));
    message.set(http::field::cache_control, "no-store");
    if (!response.allow.empty()) message.set(http::field::allow, response.allow);
    if (response.status != no_content) {
        message.set(http::field::content_type, response.content_type);
        message.content_length(response.body.size());
        if (head.method != "HEAD") message.body() = response.body;
    }
    message.keep_alive(keep_alive);
    if (keep_alive && !head.is_http_1_1) message.set(http::field::connection, "keep-alive");
    return message;
}

}  // namespace

struct ClientChannel::Wire {
    Wire(tcp::socket socket, SSL_CTX* tls)
        : peer{name_of(socket)}, context{borrow(tls)}, stream{std::move(socket), context} {}

    std::string peer;
    asio::ssl::context context;
    boost::beast::ssl_stream<tcp::socket> stream;
    boost::beast::flat_buffer buffer{buffer_most};
    std::optional<Parser> parser;  // of the request that is being read or answered
};

ClientChannel::ClientChannel(tcp::socket socket, SSL_CTX* tls)
    : wire_{std::make_unique<Wire>(std::move(socket), tls)} {}

ClientChannel::~ClientChannel() = default;

const std::string& ClientChannel::peer() const noexcept { return wire_->peer; }

asio::any_io_executor ClientChannel::executor() const { return wire_->stream.get_executor(); }

Task<> ClientChannel::shake_hands() {
    auto& stream = wire_->stream;
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_values);
    if (!error) co_return ok();
    const auto code = static_cast<unsigned long>(static_cast<unsigned int>(error.value()));
    const bool openssl = error.category() == asio::error::get_ssl_category();
    if (openssl) co_return Error{Errc::untrusted, describe_tls_failure(stream.native_handle(), code, wire_->peer)};
    co_return Error{Errc::unreachable, wire_->peer + ": " + error.message()};
}

std::optional<CertificateFacts> ClientChannel::certificate() const {
    const Certificate certificate{SSL_get1_peer_certificate(wire_->stream.native_handle())};
    if (certificate == nullptr) return std::nullopt;
    return facts_of(certificate.get());
}

Task<> ClientChannel::read_some() {
    auto& buffer = wire_->buffer;
    const auto [error, bytes] = co_await wire_->stream.async_read_some(buffer.prepare(read_at_once), as_values);
    if (error) co_return Error{Errc::unreachable, error.message()};
    buffer.commit(bytes);
    co_return ok();
}

std::size_t ClientChannel::buffered() const noexcept { return wire_->buffer.size(); }

bool ClientChannel::request_begun() {
    constexpr std::string_view line_end = "\r\n";
    auto& buffer = wire_->buffer;
    for (;;) {
        const std::string_view seen{static_cast<const char*>(buffer.data().data()), buffer.size()};
        if (!seen.starts_with(line_end)) return !line_end.starts_with(seen);
        buffer.consume(line_end.size());
    }
}

Task<Reading> ClientChannel::read_header() {
    auto& parser = wire_->parser.emplace();
    parser.header_limit(header_most);
    parser.body_limit(boost::none);  // read_body() sets it
    const auto [error, bytes] = co_await http::async_read_header(wire_->stream, wire_->buffer, parser, as_values);
    static_cast<void>(bytes);
    co_return reading_of(error);
}

RequestHead ClientChannel::head() const {
    const auto& parser = *wire_->parser;
    const auto& message = parser.get();
    RequestHead head;
    head.method = std::string{message.method_string()};
    head.target = std::string{message.target()};
    head.content_type = std::string{message[http::field::content_type]};
    head.hosts = header_values(message, "Host");
    head.site_headers = header_values(message, "X-Site-ID");
    head.host_headers = header_values(message, "X-Host-ID");
    if (const auto length = parser.content_length()) head.content_length = *length;
    head.chunked = parser.chunked();
    const auto codings = header_values(message, "Transfer-Encoding");
    head.other_coding = !codings.empty() && (codings.size() > 1 || !boost::beast::iequals(codings.front(), "chunked"));
    head.keep_alive = message.keep_alive();
    head.is_http_1_1 = message.version() == 11;
    head.expects_continue = !parser.is_done() && boost::beast::iequals(message[http::field::expect], "100-continue");
    return head;
}

Task<Reading> ClientChannel::read_body(std::uint64_t most) {
    auto& parser = *wire_->parser;
    parser.body_limit(most);
    const auto [error, bytes] = co_await http::async_read(wire_->stream, wire_->buffer, parser, as_values);
    static_cast<void>(bytes);
    co_return reading_of(error);
}

std::string ClientChannel::take_body() { return std::move(wire_->parser->get().body()); }

Task<> ClientChannel::write_continue() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, bytes] = co_await asio::async_write(wire_->stream, asio::buffer(line), as_values);
    static_cast<void>(bytes);
    if (error) co_return Error{Errc::unreachable, error.message()};
    co_return ok();
}

Task<> ClientChannel::write(const ApiResponse& response, const RequestHead& head, WallTime now, bool keep_alive) {
    auto message = message_of(response, head, now, keep_alive);
    wire_->parser.reset();
    const auto [error, bytes] = co_await http::async_write(wire_->stream, message, as_values);
    static_cast<void>(bytes);
    if (error) co_return Error{Errc::unreachable, error.message()};
    co_return ok();
}

std::size_t ClientChannel::drop_buffered() noexcept {
    const auto size = buffered();
    wire_->buffer.clear();
    return size;
}

Task<> ClientChannel::drain_socket() {
    auto& socket = wire_->stream.next_layer();
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    std::array<char, read_at_once> scratch{};
    for (std::size_t seen = 0; seen < buffer_most;) {
        const auto [error, bytes] = co_await socket.async_read_some(asio::buffer(scratch), as_values);
        if (error) break;
        seen += bytes;
    }
    co_return ok();
}

Task<> ClientChannel::say_goodbye() {
    const auto [error] = co_await wire_->stream.async_shutdown(as_values);
    if (error) co_return Error{Errc::unreachable, error.message()};
    co_return ok();
}

}  // namespace agent
