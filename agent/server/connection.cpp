#include "server/connection.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "async/deadline.hpp"
#include "async/wake.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "server/client_channel.hpp"
#include "server/router.hpp"

namespace agent {
namespace {

constexpr Duration farewell{2'000};
constexpr Duration last_farewell{100};  // once the server stops
constexpr Duration last_reading{500};   // of a request that is half there when the server stops
constexpr Duration handshake_most{10'000};
// Clients that send a whole body before they read the answer get to read why it was refused, up to this size.
constexpr std::uint64_t drained_most = 64ULL * 1024ULL * 1024ULL;
// The same where nobody knows how much there is to come, since the header is none.
constexpr std::uint64_t drained_unframed = 1024ULL * 1024ULL;

ApiResponse too_large(const Route& route) {
    return problem(route.too_large_status, "too_large",
                   "the body has more than " + std::to_string(route.body_most) + " bytes");
}

}  // namespace

class Connection::Implementation {
public:
    Implementation(asio::ip::tcp::socket socket, SSL_CTX* tls, ServerRoom& room)
        : room_{room}, time_{room.service.time}, channel_{std::move(socket), tls} {}

    Task<> run() {
        const auto shaken = co_await briefly(std::min(room_.phase_timeout, handshake_most), channel_.shake_hands());
        if (shaken.has_error()) {
            report_handshake(shaken.error());
            static_cast<void>(co_await briefly(farewell, channel_.drain_socket()));
            co_return ok();
        }
        identify();
        bool more = true;
        while (more) {
            const auto arrived = co_await with_deadline(time_, room_.phase_timeout * 2, wait_for_request());
            if (arrived.has_error()) break;
            const auto served = co_await serve_request();
            if (served.has_error() && !room_.stop.stopped()) co_return Error{served.error()};
            more = served.has_value() && served.value();
        }
        co_return co_await part();
    }

private:
    struct Exchange {
        RequestHead head;
        ApiRequest request;
        bool keep_alive{true};
        // What may still come of a request that is not going to be read, and for how long.
        std::uint64_t unread{drained_unframed};
        Duration unread_for{farewell};
    };

    // --- time ---

    // `work` for at most `limit`, of which `last` is left once the room stops; then it is `cancelled`.
    template <class T>
    Task<T> until_stopped(Duration limit, Duration last, Task<T> work) {
        using asio::experimental::awaitable_operators::operator||;
        auto timed = with_deadline(time_, limit, std::move(work));
        auto cut_short = end_of_a_stop(last);
        auto first = co_await (std::move(timed) || std::move(cut_short));
        if (first.index() == 1) co_return Error{Errc::cancelled, "stopping"};
        co_return std::get<0>(std::move(first));
    }

    Task<> briefly(Duration limit, Task<> work) { return until_stopped(limit, last_farewell, std::move(work)); }

    Task<Reading> while_it_arrives(Task<Reading> work) {
        return until_stopped(room_.phase_timeout, last_reading, std::move(work));
    }

    Task<> end_of_a_stop(Duration last) {
        AGENT_CO_TRY(co_await room_.stop.wait());
        co_return co_await time_.sleep_for(last);
    }

    // --- the caller ---

    void report_handshake(const Error& error) {
        if (error.code() == Errc::cancelled) return;
        const auto held_back = room_.handshake_failures.admit(time_.mono_now());
        if (!held_back) return;
        std::string text = "TLS handshake failed: ";
        if (error.code() == Errc::timed_out) text += channel_.peer() + ": ";
        text += error.message();
        if (*held_back > 0) text += " (" + std::to_string(*held_back) + " more were not logged)";
        log_info(text);
    }

    // The certificate's time is ours to check: OpenSSL does not look at it again when a session resumes.
    void identify() {
        facts_ = channel_.certificate();
        if (!facts_) {
            caller_.why_unknown = "there is no client certificate";
            return;
        }
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
        using asio::experimental::awaitable_operators::operator||;
        while (!channel_.request_begun()) {
            const auto first = co_await (channel_.read_some() || room_.stop.wait());
            if (first.index() == 1) co_return Error{Errc::cancelled, "stopping"};
            AGENT_CO_TRY(std::get<0>(first));
        }
        co_return ok();
    }

    // Success: go on with the next request. Errors end the connection.
    Task<bool> serve_request() {
        Exchange exchange;
        const auto read = co_await while_it_arrives(channel_.read_header());
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
        exchange.head = channel_.head();
        exchange.keep_alive = exchange.head.keep_alive;
        const auto length = exchange.head.content_length;
        const bool has_body = exchange.head.has_body();
        exchange.unread_for = room_.phase_timeout;
        exchange.unread = has_body ? length.value_or(std::numeric_limits<std::uint64_t>::max()) : 0;

        if (exchange.head.other_coding) {
            const auto unknown = problem(501, "not_implemented", "the only transfer coding here is chunked");
            co_return co_await refuse_and_close(unknown, exchange);
        }
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
        auto& head = exchange.head;
        if (auto refused = refuse_certificate()) {
            exchange.keep_alive = false;
            return *std::move(refused);
        }
        if (head.is_http_1_1 && head.hosts.size() != 1)
            return problem(400, "malformed", "HTTP/1.1 wants exactly one Host header");
        auto& request = exchange.request;
        request.method = head.method;
        auto target = parse_target(head.target);
        if (target.has_error()) return problem(400, "malformed", target.error().message());
        request.target = std::move(target).value();
        request.site_headers = std::move(head.site_headers);
        request.host_headers = std::move(head.host_headers);
        request.content_type = head.content_type;
        auto admitted = admit(request, caller_);
        const bool lengthless = !head.chunked && !head.content_length;
        if (std::holds_alternative<const Route*>(admitted) && head.method == "POST" && lengthless)
            return problem(411, "length_required", "a POST needs a Content-Length");
        if (const auto* route = std::get_if<const Route*>(&admitted))
            if (auto refused = refuse_type(**route, request)) return *std::move(refused);
        return admitted;
    }

    // What refuses the body, or nothing once it is there.
    Task<std::optional<ApiResponse>> take_body(Exchange& exchange, const Route& route) {
        if (exchange.head.expects_continue) {
            const auto told = co_await with_deadline(time_, room_.phase_timeout, channel_.write_continue());
            if (told.has_error()) co_return Error{told.error()};
        }
        const auto read = co_await while_it_arrives(channel_.read_body(route.body_most));
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
        exchange.request.body = channel_.take_body();
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
        Wake wake{channel_.executor()};
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
        while (here && channel_.buffered() < ClientChannel::read_at_once)
            here = (co_await channel_.read_some()).has_value();
        if (!here) co_return ok();
        asio::steady_timer never{channel_.executor(), asio::steady_timer::time_point::max()};
        static_cast<void>(co_await never.async_wait(asio::as_tuple(asio::use_awaitable)));
        co_return ok();
    }

    Task<bool> respond(const ApiResponse& response, const Exchange& exchange) {
        const bool keep = exchange.keep_alive && !room_.stop.stopped();
        log_debug("answered", {{"caller", caller_.identity ? describe(*caller_.identity) : "unknown"},
                               {"method", quoted(exchange.head.method, 16)},
                               {"target", quoted(exchange.head.target, 128)},
                               {"status", std::to_string(response.status)}});
        const auto written = co_await with_deadline(time_, room_.phase_timeout,
                                                    channel_.write(response, exchange.head, time_.wall_now(), keep));
        if (written.has_error()) co_return Error{written.error()};
        co_return keep;
    }

    // With a body that will not be read the connection cannot go on. Closing it at once would reset it, and the client
    // might never see the refusal.
    Task<bool> refuse_and_close(const ApiResponse& response, Exchange& exchange) {
        exchange.keep_alive = false;
        const auto told = co_await respond(response, exchange);
        if (told.has_error()) co_return Error{told.error()};
        static_cast<void>(co_await briefly(exchange.unread_for, drain(std::min(exchange.unread, drained_most))));
        co_return false;
    }

    // Drops what the client still sends, `most` bytes of it, for as long as it keeps sending.
    Task<> drain(std::uint64_t most) {
        std::uint64_t seen = channel_.drop_buffered();
        while (seen < most) {
            AGENT_CO_TRY(co_await with_deadline(time_, farewell, channel_.read_some()));
            seen += channel_.drop_buffered();
        }
        co_return ok();
    }

    // A client that goes on sending after our close_notify is listened to a little longer: bytes that arrive at a
    // closed socket reset the connection, and the client would lose an answer that it has not read yet.
    Task<> part() {
        const auto parted = co_await briefly(farewell, channel_.say_goodbye());
        const bool still_sends = parted.has_error() && parted.error().code() == Errc::unreachable;
        if (still_sends) static_cast<void>(co_await briefly(farewell, channel_.drain_socket()));
        co_return ok();
    }

    ServerRoom& room_;
    TimeSource& time_;
    ClientChannel channel_;
    std::optional<CertificateFacts> facts_;
    Caller caller_;
};

Connection::Connection(asio::ip::tcp::socket socket, SSL_CTX* tls, ServerRoom& room)
    : implementation_{std::make_unique<Implementation>(std::move(socket), tls, room)} {}

Connection::~Connection() = default;

Task<> Connection::run() { return implementation_->run(); }

}  // namespace agent
