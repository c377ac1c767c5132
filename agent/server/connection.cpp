#include "server/connection.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "async/deadline.hpp"
#include "async/wake.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "server/router.hpp"
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
constexpr std::size_t buffer_most = 64UL * 1024UL;
constexpr std::size_t read_at_once = 4096;
// What a client may still send after its request was refused, so that it comes to read the refusal.
constexpr std::size_t drained_most = 4UL * 1024UL * 1024UL;
constexpr Duration farewell{2'000};

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

// How reading a part of a request ended, as far as it matters to the answer.
enum class Reading : std::uint8_t { done, gone, malformed, header_too_large, body_too_large };

Reading reading_of(const error_code& error) {
    if (!error) return Reading::done;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return Reading::header_too_large;
    if (error == http::error::body_limit) return Reading::body_too_large;
    const bool grammar = error.category() == error_code{http::error::bad_method}.category();
    if (grammar && error != http::error::end_of_stream && error != http::error::partial_message)
        return Reading::malformed;
    return Reading::gone;
}

ApiResponse too_large(const Route& route) {
    return problem(route.too_large_status, "too_large",
                   "the body has more than " + std::to_string(route.body_most) + " bytes");
}

}  // namespace

class Connection::Implementation {
public:
    Implementation(tcp::socket socket, SSL_CTX* tls, ServerRoom& room)
        : room_{room},
          time_{room.service.time},
          peer_{name_of(socket)},
          context_{borrow(tls)},
          stream_{std::move(socket), context_} {}

    Task<> run() {
        const auto shaken = co_await with_deadline(time_, room_.phase_timeout, shake_hands());
        if (shaken.has_error()) {
            report_handshake(shaken.error());
            static_cast<void>(co_await with_deadline(time_, farewell, drain_socket()));
            co_return ok();
        }
        identify();
        bool more = true;
        while (more) {
            const auto arrived = co_await with_deadline(time_, room_.phase_timeout * 2, wait_for_request());
            if (arrived.has_error()) break;
            AGENT_CO_TRY(more, co_await serve_request());
        }
        static_cast<void>(co_await with_deadline(time_, farewell, say_goodbye()));
        co_return ok();
    }

private:
    struct Exchange {
        Parser parser;
        ApiRequest request;
        bool keep_alive{true};
        std::uint64_t unread{buffer_most};  // what may still come of a request that is not going to be read
    };

    // --- TLS ---

    Task<> shake_hands() {
        const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, as_values);
        if (!error) co_return ok();
        const auto code = static_cast<unsigned long>(static_cast<unsigned int>(error.value()));
        const bool openssl = error.category() == asio::error::get_ssl_category();
        if (openssl) co_return Error{Errc::untrusted, describe_tls_failure(stream_.native_handle(), code, peer_)};
        co_return Error{Errc::unreachable, peer_ + ": " + error.message()};
    }

    void report_handshake(const Error& error) {
        if (error.code() == Errc::cancelled) return;
        const auto held_back = room_.handshake_failures.admit(time_.mono_now());
        if (!held_back) return;
        std::string text = "TLS handshake failed: ";
        if (error.code() == Errc::timed_out) text += peer_ + ": ";
        text += error.message();
        if (*held_back > 0) text += " (" + std::to_string(*held_back) + " more were not logged)";
        log_info(text);
    }

    // The certificate's time is ours to check: OpenSSL does not look at it again when a session resumes.
    void identify() {
        const Certificate certificate{SSL_get1_peer_certificate(stream_.native_handle())};
        if (certificate == nullptr) {
            caller_.why_unknown = "there is no client certificate";
            return;
        }
        facts_ = facts_of(certificate.get());
        caller_.identity = identity_of(*facts_, room_.trust_domain);
        if (!caller_.identity)
            caller_.why_unknown = "the certificate of " + quoted(facts_->subject, 128) +
                                  " has not exactly one URI name of a host or operator in " + room_.trust_domain;
    }

    [[nodiscard]] std::optional<ApiResponse> refuse_certificate() const {
        if (!facts_) return problem(403, "unknown_identity", caller_.why_unknown);
        const auto now = time_.wall_now();
        if (now >= facts_->not_before && now <= facts_->not_after) return std::nullopt;
        return problem(403, "unknown_identity",
                       "the certificate is valid from " + format_rfc3339(facts_->not_before) + " to " +
                           format_rfc3339(facts_->not_after) + " only");
    }

    // --- reading ---

    Task<> wait_for_request() {
        if (room_.stop.stopped()) co_return Error{Errc::cancelled, "stopping"};
        if (buffer_.size() > 0) co_return ok();
        using asio::experimental::awaitable_operators::operator||;
        const auto first = co_await (read_some() || room_.stop.wait());
        if (first.index() == 1) co_return Error{Errc::cancelled, "stopping"};
        co_return std::get<0>(first);
    }

    Task<> read_some() {
        const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(read_at_once), as_values);
        if (error) co_return Error{Errc::unreachable, error.message()};
        buffer_.commit(bytes);
        co_return ok();
    }

    Task<Reading> read_header(Parser& parser) {
        const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, parser, as_values);
        static_cast<void>(bytes);
        co_return reading_of(error);
    }

    Task<Reading> read_body(Parser& parser) {
        const auto [error, bytes] = co_await http::async_read(stream_, buffer_, parser, as_values);
        static_cast<void>(bytes);
        co_return reading_of(error);
    }

    // Success: go on with the next request. Errors end the connection.
    Task<bool> serve_request() {
        Exchange exchange;
        exchange.parser.header_limit(header_most);
        exchange.parser.body_limit(boost::none);  // by route, once the header is known
        const auto read = co_await with_deadline(time_, room_.phase_timeout, read_header(exchange.parser));
        if (read.has_error()) {
            if (read.error().code() != Errc::timed_out) co_return Error{read.error()};
            const auto late = problem(408, "timeout", "the header did not arrive in time");
            co_return co_await refuse_and_close(late, exchange);
        }
        if (read.value() == Reading::gone) co_return false;
        if (read.value() == Reading::header_too_large) {
            const auto big = problem(431, "too_large", "the header has more than 16 KiB");
            co_return co_await refuse_and_close(big, exchange);
        }
        if (read.value() != Reading::done) {
            const auto bad = problem(400, "malformed", "this is no HTTP/1.1 request");
            co_return co_await refuse_and_close(bad, exchange);
        }
        co_return co_await serve_known(exchange);
    }

    // The header is there.
    Task<bool> serve_known(Exchange& exchange) {
        const auto& message = exchange.parser.get();
        exchange.keep_alive = message.keep_alive();
        const auto length = exchange.parser.content_length();
        const bool has_body = exchange.parser.chunked() || (length && *length > 0);
        exchange.unread = !has_body ? 0 : length ? *length : drained_most;

        auto admitted = admit_request(exchange);
        if (const auto* refused = std::get_if<ApiResponse>(&admitted)) {
            if (has_body) co_return co_await refuse_and_close(*refused, exchange);
            co_return co_await respond(*refused, exchange);
        }
        const Route& route = *std::get<const Route*>(admitted);
        if (length && *length > route.body_most) {
            const auto big = too_large(route);
            co_return co_await refuse_and_close(big, exchange);
        }
        const auto refused = co_await take_body(exchange, route);
        if (refused.has_error()) co_return Error{refused.error()};
        if (refused.value()) co_return co_await refuse_and_close(*refused.value(), exchange);
        co_return co_await serve_whole(exchange, route);
    }

    std::variant<const Route*, ApiResponse> admit_request(Exchange& exchange) {
        const auto& message = exchange.parser.get();
        if (auto refused = refuse_certificate()) {
            exchange.keep_alive = false;
            return *std::move(refused);
        }
        if (message.version() == 11 && message.count(http::field::host) != 1)
            return problem(400, "malformed", "HTTP/1.1 wants exactly one Host header");
        auto& request = exchange.request;
        request.method = std::string{message.method_string()};
        auto target = parse_target(message.target());
        if (target.has_error()) return problem(400, "malformed", target.error().message());
        request.target = std::move(target).value();
        request.site_headers = header_values(message, "X-Site-ID");
        request.host_headers = header_values(message, "X-Host-ID");
        request.content_type = std::string{message[http::field::content_type]};
        auto admitted = admit(request, caller_);
        const bool lengthless = !exchange.parser.chunked() && !exchange.parser.content_length();
        if (std::holds_alternative<const Route*>(admitted) && message.method() == http::verb::post && lengthless)
            return problem(411, "length_required", "a POST needs a Content-Length");
        return admitted;
    }

    // What refuses the body, or nothing once it is there.
    Task<std::optional<ApiResponse>> take_body(Exchange& exchange, const Route& route) {
        auto& parser = exchange.parser;
        parser.body_limit(route.body_most);
        if (boost::beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
            const auto told = co_await with_deadline(time_, room_.phase_timeout, write_continue());
            if (told.has_error()) co_return Error{told.error()};
        }
        const auto read = co_await with_deadline(time_, room_.phase_timeout, read_body(parser));
        if (read.has_error()) {
            if (read.error().code() != Errc::timed_out) co_return Error{read.error()};
            co_return std::optional{problem(408, "timeout", "the body did not arrive in time")};
        }
        switch (read.value()) {
            case Reading::done: break;
            case Reading::gone: co_return Error{Errc::unreachable, "the client went in the middle of a body"};
            case Reading::body_too_large: co_return std::optional{too_large(route)};
            case Reading::header_too_large:
            case Reading::malformed:
                co_return std::optional{problem(400, "malformed", "the body is not framed as HTTP/1.1")};
        }
        exchange.unread = 0;
        exchange.request.body = std::move(parser.get().body());
        co_return std::optional<ApiResponse>{};
    }

    // --- answering ---

    Task<bool> serve_whole(Exchange& exchange, const Route& route) {
        const api::Call call{room_.service, caller_, exchange.request};
        auto reply = answer(route, call);
        if (reply.wake) room_.waiters.ring(*reply.wake);
        if (reply.hold) {
            const auto held = co_await hold(route, call, reply);
            if (held.has_error()) co_return Error{held.error()};
        }
        co_return co_await respond(reply.response, exchange);
    }

    // Until there is something to answer, the time is up, the room stops, or the client goes (an error).
    Task<> hold(const Route& route, const api::Call& call, Reply& reply) {
        using asio::experimental::awaitable_operators::operator||;
        const auto until = time_.mono_now() + *reply.hold;
        Wake wake{stream_.get_executor()};
        const auto place = room_.waiters.join(caller_.site_id(), caller_.host_id(), wake);
        while (reply.hold && !room_.stop.stopped()) {
            const auto first = co_await (wake.wait_until(time_, until) || client_leaves());
            if (first.index() == 1) co_return Error{Errc::unreachable, "the client left a held poll"};
            const auto& woken = std::get<0>(first);
            if (woken.has_error()) co_return Error{woken.error()};
            if (woken.value() == Wake::Woken::time_is_up) break;
            reply = answer(route, call);
        }
        co_return ok();
    }

    // While a poll is held nothing is expected of the client; what comes all the same is its next request.
    Task<> client_leaves() {
        bool here = true;
        while (here && buffer_.size() < read_at_once) here = (co_await read_some()).has_value();
        if (!here) co_return ok();
        asio::steady_timer never{stream_.get_executor(), asio::steady_timer::time_point::max()};
        static_cast<void>(co_await never.async_wait(as_values));
        co_return ok();
    }

    Task<> write_continue() {
        static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(line), as_values);
        static_cast<void>(bytes);
        if (error) co_return Error{Errc::unreachable, error.message()};
        co_return ok();
    }

    Task<> write(http::response<http::string_body>& message) {
        const auto [error, bytes] = co_await http::async_write(stream_, message, as_values);
        static_cast<void>(bytes);
        if (error) co_return Error{Errc::unreachable, error.message()};
        co_return ok();
    }

    Task<bool> respond(const ApiResponse& response, const Exchange& exchange) {
        constexpr int no_content = 204;
        const bool keep = exchange.keep_alive && !room_.stop.stopped();
        http::response<http::string_body> message{http::int_to_status(static_cast<unsigned>(response.status)), 11};
        message.reason(std::string{status_phrase(response.status)});
        message.set(http::field::server, "compliance-server/" + std::string{server_version()});
        message.set(http::field::date, format_http_date(time_.wall_now()));
        message.set(http::field::cache_control, "no-store");
        if (!response.allow.empty()) message.set(http::field::allow, response.allow);
        if (response.status != no_content) {
            message.set(http::field::content_type, response.content_type);
            message.content_length(response.body.size());
            message.body() = response.body;
        }
        message.keep_alive(keep);
        log_debug("answered", {{"caller", caller_.identity ? describe(*caller_.identity) : "unknown"},
                               {"method", quoted(exchange.request.method, 16)},
                               {"target", quoted(exchange.parser.get().target(), 128)},
                               {"status", std::to_string(response.status)}});
        const auto written = co_await with_deadline(time_, room_.phase_timeout, write(message));
        if (written.has_error()) co_return Error{written.error()};
        co_return keep;
    }

    // With a body that will not be read the connection cannot go on. Closing it at once would reset it, and the client
    // might never see the refusal.
    Task<bool> refuse_and_close(const ApiResponse& response, Exchange& exchange) {
        exchange.keep_alive = false;
        const auto told = co_await respond(response, exchange);
        if (told.has_error()) co_return Error{told.error()};
        static_cast<void>(co_await with_deadline(time_, farewell, drain(exchange.unread)));
        co_return false;
    }

    Task<> drain(std::uint64_t most) {
        std::uint64_t seen = buffer_.size();
        most = std::min<std::uint64_t>(most, drained_most);
        while (seen < most) {
            buffer_.clear();
            const auto read = co_await read_some();
            if (read.has_error()) co_return Error{read.error()};
            seen += buffer_.size();
        }
        co_return ok();
    }

    // After a failed handshake, so that the alert is read before the connection ends.
    Task<> drain_socket() {
        auto& socket = stream_.next_layer();
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

    // close_notify, so that the session resumes (PROTOCOL.md section 2).
    Task<> say_goodbye() {
        const auto [error] = co_await stream_.async_shutdown(as_values);
        if (error) co_return Error{Errc::unreachable, error.message()};
        co_return ok();
    }

    ServerRoom& room_;
    TimeSource& time_;
    std::string peer_;
    asio::ssl::context context_;
    boost::beast::ssl_stream<tcp::socket> stream_;
    boost::beast::flat_buffer buffer_{buffer_most};
    std::optional<CertificateFacts> facts_;
    Caller caller_;
};

Connection::Connection(asio::ip::tcp::socket socket, SSL_CTX* tls, ServerRoom& room)
    : implementation_{std::make_unique<Implementation>(std::move(socket), tls, room)} {}

Connection::~Connection() = default;

Task<> Connection::run() { return implementation_->run(); }

}  // namespace agent
