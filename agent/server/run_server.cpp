#include "server/run_server.hpp"

#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "async/system_time_source.hpp"
#include "base/log.hpp"
#include "server/exit_status.hpp"
#include "server/order_server.hpp"
#include "server/server_files.hpp"
#include "server/server_store.hpp"
#include "server/settings_file.hpp"
#include "server/version.hpp"

namespace agent {
namespace {

constexpr Duration patience{4'000};

void tell_systemd(const std::string& state) { static_cast<void>(sd_notify(0, state.c_str())); }

// sd_notify(3): a reload begins with the monotonic time, so that the manager can tell which READY ends it.
std::string reloading(TimeSource& time) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(time.mono_now().time_since_epoch());
    return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
}

// What a reload replaces.
struct Reloaded {
    Keyring keyring;
    TlsContext tls;
};

Result<Reloaded> load_again(const std::filesystem::path& config) {
    auto outcome = load_order_server_settings(config);
    if (!outcome.settings)
        return Error{Errc::malformed, outcome.faults.empty() ? "no settings" : outcome.faults.front().to_string()};
    AGENT_TRY(auto keyring, load_order_keys(*outcome.settings));
    AGENT_TRY(auto tls, server_tls_context(outcome.settings->tls));
    return Reloaded{.keyring = std::move(keyring), .tls = std::move(tls)};
}

class Life {
public:
    Life(asio::io_context& io, Service& service, OrderServer& server, TimeSource& time, std::filesystem::path config)
        : service_{service},
          server_{server},
          time_{time},
          config_{std::move(config)},
          signals_{io, SIGTERM, SIGINT, SIGHUP},
          stop_{io.get_executor()},
          loops_{io.get_executor(),
                 [](const std::string& task, const Error& error) { log_error(task + " ended: " + error.message()); }} {}

    asio::awaitable<void> run() {
        loops_.start("accepting", [this] { return server_.accept_forever(); });
        loops_.start("signals", [this] { return watch_signals(); });
        log_info("listening on " + server_.address(), {{"version", std::string{server_version()}}});
        tell_systemd("READY=1\nSTATUS=listening on " + server_.address());
        static_cast<void>(co_await stop_.wait());
        tell_systemd("STOPPING=1");
        log_info("stopping");
        static_cast<void>(co_await server_.stop(patience));
        write_seen();
        loops_.request_stop();
        co_await loops_.join();
        log_info("stopped");
    }

private:
    Task<> watch_signals() {
        for (;;) {
            const auto [failure, signal] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
            if (failure) co_return Error{Errc::cancelled, "stopped while waiting for signals"};
            if (signal == SIGHUP) {
                reload();
                continue;
            }
            if (stop_.stopped()) std::_Exit(EXIT_FAILURE);
            stop_.stop();
        }
    }

    void reload() {
        tell_systemd(reloading(time_));
        auto loaded = load_again(config_);
        if (loaded.has_error()) {
            log_error("not reloaded, everything stays as it was: " + loaded.error().message());
        } else {
            service_.order_keys = std::move(loaded.value().keyring);
            server_.use(std::move(loaded.value().tls));
            log_info("reloaded order keys and TLS files",
                     {{"order_keys", std::to_string(service_.order_keys.keys.size())}});
        }
        tell_systemd("READY=1");
    }

    void write_seen() {
        auto written = [this]() -> Result<> {
            AGENT_TRY(auto transaction, Transaction::begin(service_.database));
            AGENT_TRY(service_.hosts.write_seen());
            return transaction.commit();
        }();
        if (written.has_error())
            log_error("when the hosts were last seen could not be written: " + written.error().message());
    }

    Service& service_;
    OrderServer& server_;
    TimeSource& time_;
    std::filesystem::path config_;
    asio::signal_set signals_;
    StopSignal stop_;
    TaskGroup loops_;
};

// The server starts all the same: others may have given its keys their modes.
void warn_of_open_keys(const OrderServerSettings& settings) {
    for (const auto& file : {settings.tls.key_file, settings.receipt_key_file})
        if (const auto checked = check_private_mode(file); checked.has_error()) log_warning(checked.error().message());
}

// Every connection takes a descriptor; the usual soft limit of 1024 is less than the usual max_connections.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log_warning("the limit of open files could not be raised");
}

// A second process writes at most for a moment (host add). All requests wait with the one that waits for it.
Result<Database> open_for_requests(const OrderServerSettings& settings) {
    AGENT_TRY(auto database, open_server_store(settings.state_dir, OpenMode::create));
    AGENT_TRY(database.execute("PRAGMA busy_timeout = 1000"));
    return database;
}

int fail(int status, const Error& error) {
    log_error(error.message());
    return status;
}

}  // namespace

int run_server(const std::filesystem::path& config) {
    const auto settings = settings_or_report(config);
    if (!settings) return exit_status::configuration;
    configure_log(settings->log_level, settings->log_target, "compliance-server");

    auto keyring = load_order_keys(*settings);
    if (keyring.has_error()) return fail(exit_status::configuration, keyring.error());
    auto tls = server_tls_context(settings->tls);
    if (tls.has_error()) return fail(exit_status::configuration, tls.error());
    auto database = open_for_requests(*settings);
    if (database.has_error()) return fail(exit_status::undetermined, database.error());
    auto receipt_key = load_or_make_receipt_key(settings->receipt_key_file);
    if (receipt_key.has_error()) return fail(exit_status::configuration, receipt_key.error());
    warn_of_open_keys(*settings);
    raise_descriptor_limit();
    if (keyring.value().keys.empty()) log_warning("order_keys is empty: every order will be refused as untrusted_key");

    asio::io_context io{1};
    SystemTimeSource time;
    Service service{std::move(database).value(), time, std::move(receipt_key).value(), std::move(keyring).value()};
    OrderServer server{io.get_executor(), service, *settings, std::move(tls).value()};
    const auto listening = server.listen();
    if (listening.has_error()) return fail(exit_status::undetermined, listening.error());
    Life life{io, service, server, time, config};
    std::exception_ptr thrown;
    asio::co_spawn(io, life.run(), [&](const std::exception_ptr& error) { thrown = error; });
    io.run();
    return thrown ? exit_status::undetermined : exit_status::fine;
}

}  // namespace agent
