#include "courier/tcp_path.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "base/text.hpp"
#include "courier/http_wire.hpp"
#include "courier/name_lookup.hpp"

namespace agent {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t proxy_answer_most = 16UL * 1024UL;

Error unreachable(const boost::system::error_code& code) {
    if (code == asio::error::operation_aborted) return Error{Errc::cancelled, "stopped"};
    return Error{Errc::unreachable, code.message()};
}

Task<> connect(tcp::socket& socket, tcp::endpoint endpoint) {
    const auto [failed] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return unreachable(failed);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    co_return ok();
}

Task<tcp::socket> connect_to_any(ExchangeLimit limit, std::string name, std::vector<tcp::endpoint> endpoints,
                                 std::string& peer) {
    const auto executor = co_await asio::this_coro::executor;
    std::string tried;
    auto code = Errc::unreachable;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        tcp::socket socket{executor};
        peer = name + " (" + endpoints[i].address().to_string() + ')';
        const auto share = limit.left() / static_cast<std::int64_t>(endpoints.size() - i);
        const auto doing = "connecting to " + peer;
        auto work = connect(socket, endpoints[i]);
        auto outcome = co_await phase(limit, share, doing, std::move(work));
        if (!outcome.has_error()) co_return std::move(socket);
        code = outcome.error().code();
        if (code == Errc::cancelled) co_return std::move(outcome).error();
        tried += (tried.empty() ? "" : "; ") + outcome.error().message();
    }
    co_return Error{code, tried};
}

// Exactly one header comes back; what follows it belongs to TLS, where we speak first.
Task<> ask_proxy(tcp::socket& socket, std::string request, std::string proxy) {
    const auto buffer = asio::buffer(request);
    const auto [unsent, written] = co_await asio::async_write(socket, buffer, asio::as_tuple(asio::use_awaitable));
    static_cast<void>(written);
    if (unsent) co_return unreachable(unsent);

    beast::flat_buffer answer{2 * proxy_answer_most};
    http::response_parser<http::empty_body> parser;
    parser.header_limit(proxy_answer_most);
    parser.skip(true);
    const auto [unread, size] =
        co_await http::async_read_header(socket, answer, parser, asio::as_tuple(asio::use_awaitable));
    static_cast<void>(size);
    if (unread == asio::error::operation_aborted) co_return unreachable(unread);
    if (unread == http::error::end_of_stream || unread == http::error::partial_message)
        co_return Error{Errc::unreachable, "the proxy closed the connection"};
    if (unread.category() == http::make_error_code(http::error::bad_version).category())
        co_return Error{Errc::malformed, "the proxy's answer is no HTTP answer: " + unread.message()};
    if (unread) co_return unreachable(unread);

    const auto status = parser.get().result_int();
    if (status == 407)
        co_return Error{Errc::unreachable, "the proxy " + proxy +
                                               " asks for other credentials (407): set server.proxy to "
                                               "http://user:password@host:port, or correct it"};
    if (status < 200 || status > 299)
        co_return Error{Errc::unreachable, "the proxy " + proxy + " refused to connect: " + std::to_string(status) +
                                               ' ' + agent::quoted(std::string{parser.get().reason()})};
    if (answer.size() != 0) co_return Error{Errc::malformed, "the proxy sent more than its answer to CONNECT"};
    co_return ok();
}

}  // namespace

Task<TcpPath> open_tcp_path(ExchangeLimit limit, const ServerAddress& address) {
    const auto server = authority_of(address.host, address.port);
    const auto next = address.proxy ? address.proxy->name() : server;
    const auto doing = "looking up " + next;
    auto lookup =
        look_up(address.proxy ? address.proxy->host : address.host, address.proxy ? address.proxy->port : address.port);
    auto endpoints = co_await phase(limit, doing, std::move(lookup));
    if (endpoints.has_error()) co_return std::move(endpoints).error();

    std::string peer;
    auto name = address.proxy ? "the proxy " + next : next;
    auto found = std::move(endpoints).value();
    auto socket = co_await connect_to_any(limit, std::move(name), std::move(found), peer);
    if (socket.has_error()) co_return std::move(socket).error();
    if (!address.proxy) co_return TcpPath{std::move(socket).value(), std::move(peer)};

    const auto asking = "connecting to " + server + " through " + peer;
    auto request = write_connect(server, *address.proxy, address.user_agent);
    auto ask = ask_proxy(socket.value(), std::move(request), next);
    auto passed = co_await phase(limit, asking, std::move(ask));
    if (passed.has_error()) co_return std::move(passed).error();
    co_return TcpPath{std::move(socket).value(), server + " through " + peer};
}

}  // namespace agent
