#include "courier/name_lookup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>

namespace agent {
namespace {

using asio::ip::tcp;

struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor)
        : resolver{executor}, done{executor, asio::steady_timer::time_point::max()} {}
    tcp::resolver resolver;
    asio::steady_timer done;
    bool answered{false};
    boost::system::error_code failure;
    std::vector<tcp::endpoint> endpoints;
};

}  // namespace

Task<std::vector<tcp::endpoint>> look_up(std::string host, std::uint16_t port) {
    boost::system::error_code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint{address, port}};

    const auto executor = co_await asio::this_coro::executor;
    const auto lookup = std::make_shared<Lookup>(executor);
    auto keep = [lookup](const boost::system::error_code& failure, const tcp::resolver::results_type& found) {
        lookup->answered = true;
        lookup->failure = failure;
        for (const auto& entry : found) lookup->endpoints.push_back(entry.endpoint());
        lookup->done.cancel();
    };
    lookup->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, std::move(keep));
    static_cast<void>(co_await lookup->done.async_wait(asio::as_tuple(asio::use_awaitable)));
    if (!lookup->answered) co_return Error{Errc::cancelled, "stopped while looking up a name"};
    if (lookup->failure) co_return Error{Errc::unreachable, lookup->failure.message()};
    if (lookup->endpoints.empty()) co_return Error{Errc::unreachable, "the name has no address"};
    co_return std::move(lookup->endpoints);
}

}  // namespace agent
