#include "courier/tls_connection.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/text.hpp"
#include "courier/tcp_path.hpp"

namespace agent {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using AnswerParser = http::response_parser<http::string_body>;

constexpr std::uint32_t header_most = 16U * 1024U;
// The header, and what was read of the body along with it.
constexpr std::size_t buffer_most = 128UL * 1024UL;
constexpr Duration close_limit{2'000};

// Name or address in the certificate (RFC 9525); a name goes into SNI as well, an address must not (RFC 6066).
bool expect_host(SSL* ssl, const std::string& host) {
    const auto bare = !host.empty() && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), bare.c_str()) == 1) return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    std::string name = bare;
    return SSL_set1_host(ssl, name.c_str()) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

HttpAnswer as_answer(http::response<http::string_body>&& message) {
    HttpAnswer answer;
    answer.status = static_cast<int>(message.result_int());
    answer.content_type = std::string{message[http::field::content_type]};
    answer.body = std::move(message.body());
    if (const auto header = message.find(http::field::retry_after); header != message.end())
        answer.retry_after = std::string{header->value()};
    if (const auto header = message.find(http::field::date); header != message.end())
        answer.date = std::string{header->value()};
    return answer;
}

bool is_interim(unsigned status) { return status >= 100 && status <= 199 && status != 101; }

}  // namespace

class TlsConnection::Stream {
public:
    Stream(TcpPath path, TlsHandle end) : peer_{std::move(path.peer)}, stream_{std::move(path.socket), end.release()} {}

    Task<> shake_hands() {
        const auto [failed] =
            co_await stream_.async_handshake(asio::ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
        if (failed) co_return failure(failed, "the server closed the connection instead of answering");
        sound_ = true;
        usable_ = true;
        co_return ok();
    }

    // One deadline over both ways: a timer for each would cost more than the HTTP around the body. `doing` tells which
    // of them it is.
    Task<HttpAnswer> converse(std::string request, std::size_t body_limit, std::string& doing) {
        const auto sending = "sending the request to " + peer_;
        doing = sending;
        auto send_all = send(std::move(request));
        auto sent = co_await std::move(send_all);
        if (sent.has_error() && sent.error().code() != Errc::unreachable) co_return std::move(sent).error();
        // A server that stops reading may still say why: a refused certificate (TLS 1.3), a body too large.
        doing = "waiting for the answer of " + peer_;
        auto answer = co_await receive(body_limit);
        if (!sent.has_error() || !answer.has_error() || answer.error().code() != Errc::unreachable) co_return answer;
        doing = sending;
        co_return std::move(sent).error();
    }

    Task<> send(std::string request) {
        sound_ = false;  // what is stopped half-way leaves a broken TLS record behind
        const auto buffer = asio::buffer(request);
        const auto [failed, size] = co_await asio::async_write(stream_, buffer, asio::as_tuple(asio::use_awaitable));
        static_cast<void>(size);
        if (failed) co_return failure(failed, "the server closed the connection");
        sound_ = true;
        co_return ok();
    }

    Task<HttpAnswer> receive(std::size_t body_limit) {
        constexpr int interim_most = 8;
        for (int i = 0; i <= interim_most; ++i) {
            AnswerParser parser;
            parser.header_limit(header_most);
            parser.body_limit(body_limit);
            const auto [failed, size] =
                co_await http::async_read(stream_, buffer_, parser, asio::as_tuple(asio::use_awaitable));
            if (size > 0 || parser.got_some()) answer_began_ = true;
            if (failed) co_return read_failure(failed, body_limit);
            if (is_interim(parser.get().result_int())) continue;
            usable_ = parser.keep_alive() && buffer_.size() == 0 && sound_ && parser.get().result_int() != 101;
            co_return as_answer(parser.release());
        }
        co_return Error{Errc::malformed, "the answer never gets past interim statuses (1xx)"};
    }

    Task<> shut_down() {
        const auto [failed] = co_await stream_.async_shutdown(asio::as_tuple(asio::use_awaitable));
        static_cast<void>(failed);
        co_return ok();
    }

    [[nodiscard]] SSL* native() { return stream_.native_handle(); }
    void begin() {
        usable_ = false;
        answer_began_ = false;
    }
    void give_up() {
        sound_ = false;
        usable_ = false;
    }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    [[nodiscard]] bool sound() const noexcept { return sound_; }
    [[nodiscard]] bool usable() const noexcept { return usable_; }
    [[nodiscard]] bool answer_began() const noexcept { return answer_began_; }

private:
    Error failure(const boost::system::error_code& code, std::string_view closed) {
        if (code == asio::error::operation_aborted) return Error{Errc::cancelled, "stopped"};
        if (code.category() == asio::error::get_ssl_category())
            return Error{Errc::untrusted, describe_tls_failure(native(), static_cast<unsigned>(code.value()), peer_)};
        if (code == asio::ssl::error::stream_truncated || code == asio::error::eof)
            return Error{Errc::unreachable, std::string{closed}};
        return Error{Errc::unreachable, code.message()};
    }

    Error read_failure(const boost::system::error_code& code, std::size_t body_limit) {
        const std::string_view cut =
            answer_began_ ? "the connection was cut in the middle of the answer" : "the server closed the connection";
        if (code == http::error::body_limit)
            return Error{Errc::malformed, "the answer has more than " + std::to_string(body_limit) + " bytes"};
        if (code == http::error::header_limit || code == http::error::buffer_overflow)
            return Error{Errc::malformed,
                         "the header of the answer has more than " + std::to_string(header_most) + " bytes"};
        if (code == http::error::end_of_stream || code == http::error::partial_message)
            return Error{Errc::unreachable, std::string{cut}};
        if (code.category() == http::make_error_code(http::error::body_limit).category())
            return Error{Errc::malformed, "this is no HTTP answer: " + code.message()};
        return failure(code, cut);
    }

    std::string peer_;
    asio::ssl::stream<tcp::socket> stream_;
    beast::flat_buffer buffer_{buffer_most};
    bool sound_{false};  // TLS can still be closed cleanly
    bool usable_{false};
    bool answer_began_{false};
};

TlsConnection::TlsConnection(std::unique_ptr<Stream> stream) : stream_{std::move(stream)} {}
TlsConnection::~TlsConnection() = default;

Task<std::unique_ptr<TlsConnection>> TlsConnection::open(ExchangeLimit limit, ServerAddress address, TlsHandle end) {
    if (!expect_host(end.get(), address.host))
        co_return Error{Errc::malformed,
                        "server.url names no host that a certificate could have: " + agent::quoted(address.host)};
    auto path = co_await open_tcp_path(limit, address);
    if (path.has_error()) co_return std::move(path).error();

    auto stream = std::make_unique<Stream>(std::move(path).value(), std::move(end));
    const auto doing = "TLS handshake with " + stream->peer();
    auto handshake = stream->shake_hands();
    auto shaken = co_await phase(limit, doing, std::move(handshake));
    if (shaken.has_error()) co_return std::move(shaken).error();
    co_return std::unique_ptr<TlsConnection>{new TlsConnection{std::move(stream)}};
}

Task<HttpAnswer> TlsConnection::exchange(ExchangeLimit limit, std::string request, std::size_t body_limit) {
    stream_->begin();
    std::string doing;
    auto conversation = stream_->converse(std::move(request), body_limit, doing);
    auto answer = co_await phase(limit, doing, std::move(conversation));
    if (answer.has_error() && answer.error().code() != Errc::cancelled) stream_->give_up();
    co_return answer;
}

bool TlsConnection::usable() const noexcept { return stream_->usable(); }
bool TlsConnection::answer_began() const noexcept { return stream_->answer_began(); }

asio::awaitable<void> TlsConnection::close(TimeSource& time) {
    if (!stream_->sound()) co_return;
    stream_->give_up();
    auto shutdown = stream_->shut_down();
    static_cast<void>(co_await with_deadline(time, close_limit, std::move(shutdown)));
}

}  // namespace agent
