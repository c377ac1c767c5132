#include "courier/https_client.hpp"

#include <boost/system/system_error.hpp>
#include <utility>

#include "courier/http_wire.hpp"
#include "courier/tls_connection.hpp"

namespace agent {

class HttpsClient::Implementation {
public:
    Implementation(asio::any_io_executor executor, TimeSource& time, ServerSettings settings, std::string user_agent)
        : executor_{std::move(executor)},
          time_{&time},
          settings_{std::move(settings)},
          environment_{read_proxy_environment()},
          user_agent_{std::move(user_agent)},
          identity_{TlsFiles{settings_.ca_file, settings_.cert_file, settings_.key_file, settings_.min_tls}} {}

    Task<HttpAnswer> exchange(HttpRequest request) {
        const auto limit = ExchangeLimit::starting_now(*time_, request.deadline);
        auto looked = identity_.look();
        if (looked.has_error()) co_return std::move(looked).error();
        if (looked.value() == TlsIdentity::Look::renewed) {
            co_await close();
            session_.reset();
        }
        if (connection_ && !connection_->usable()) connection_.reset();
        const auto bytes = write_request(request, authority_of(settings_.host, settings_.port), user_agent_);
        while (true) {
            const bool kept = connection_ != nullptr;
            if (!kept) {
                auto opened = co_await open(limit);
                if (opened.has_error()) co_return std::move(opened).error();
            }
            auto answer = co_await connection_->exchange(limit, bytes, request.answer_limit);
            if (!answer.has_error()) {
                if (!connection_->usable()) co_await close();
                co_return answer;
            }
            const auto code = answer.error().code();
            if (code == Errc::cancelled) co_return answer;  // still to be closed cleanly
            const bool died_unheard = kept && !connection_->answer_began() && code != Errc::timed_out;
            connection_.reset();
            if (!died_unheard) co_return answer;
        }
    }

    asio::awaitable<void> close() {
        const auto closing = std::exchange(connection_, nullptr);
        if (closing) co_await closing->close(*time_);
    }

private:
    Task<> open(ExchangeLimit limit) {
        auto proxy = choose_proxy(settings_, environment_);
        if (proxy.has_error()) co_return std::move(proxy).error();
        auto end = identity_.new_connection(session_);
        if (end.has_error()) co_return std::move(end).error();
        ServerAddress address{settings_.host, settings_.port, std::move(proxy).value(), user_agent_};
        auto opening = TlsConnection::open(limit, std::move(address), std::move(end).value());
        auto opened = co_await std::move(opening);
        if (opened.has_error()) co_return std::move(opened).error();
        connection_ = std::move(opened).value();
        co_return ok();
    }

    asio::any_io_executor executor_;
    TimeSource* time_;
    ServerSettings settings_;
    ProxyEnvironment environment_;
    std::string user_agent_;
    TlsIdentity identity_;
    TlsSession session_;  // connections put theirs here, and so go first
    std::unique_ptr<TlsConnection> connection_;
};

HttpsClient::HttpsClient(asio::any_io_executor executor, TimeSource& time, ServerSettings settings,
                         std::string user_agent)
    : implementation_{
          std::make_unique<Implementation>(std::move(executor), time, std::move(settings), std::move(user_agent))} {}

HttpsClient::~HttpsClient() = default;

Task<HttpAnswer> HttpsClient::exchange(HttpRequest request) {
    try {
        auto answer = co_await implementation_->exchange(std::move(request));
        co_return answer;
    } catch (const boost::system::system_error& error) {
        // So leaves a coroutine that was stopped between two of its steps.
        if (error.code() == asio::error::operation_aborted) co_return Error{Errc::cancelled, "stopped"};
        co_return Error{Errc::system, error.what()};
    } catch (const std::exception& error) {
        co_return Error{Errc::system, error.what()};
    }
}

asio::awaitable<void> HttpsClient::close() { co_await implementation_->close(); }

}  // namespace agent
