#include "daemon/agent.hpp"

#include <malloc.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): signal numbers
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "async/deadline.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "courier/courier.hpp"
#include "daemon/catalogue_age.hpp"
#include "daemon/check_round.hpp"
#include "daemon/core.hpp"
#include "daemon/instance_lock.hpp"
#include "daemon/own_files.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/timed_revert.hpp"
#include "daemon/version.hpp"
#include "host/machine.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"
#include "host/transient_unit_runner.hpp"

namespace agent {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr Duration order_grace{20'000};  // for the order in hand when we are asked to stop; below TimeoutStopSec

void configure_log(const LogSettings& log) { configure_log(log.level, log.target, "compliance-agent"); }

// A command that rings us while we start or stop must not end us.
void ignore_doorbells() {
    ::signal(SIGUSR1, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
}

// What reading configuration, keys and baseline took is not needed again soon: a third of what an idle agent holds.
void give_back_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

class LoggedProgress final : public RunProgress {
public:
    void tell(const RunEvent& event) override {
        const bool may_take_long = event.moment == RunMoment::confirming;
        log(may_take_long ? LogLevel::info : LogLevel::debug, "a run: " + agent::describe(event),
            {{"runbook", event.runbook.str()}});
    }
};

bool needs_restart(const AgentSettings& before, const AgentSettings& after) {
    return after.state_dir != before.state_dir || after.evidence.key_file != before.evidence.key_file ||
           after.site_id != before.site_id || after.host_id != before.host_id;
}

}  // namespace

// In the order of their use; destroyed the other way round.
struct Agent::Parts {
    Parts(const asio::any_io_executor& executor, TimeSource& time_source, std::shared_ptr<const LoadedAgent> what,
          InstanceLock held, std::unique_ptr<StateStore> opened, PrivateKey signing_key, OrderClock order_clock)
        : loop{executor},
          time{time_source},
          loaded{std::move(what)},
          lock{std::move(held)},
          store{std::move(opened)},
          key{std::move(signing_key)},
          clock{std::move(order_clock)} {}

    asio::any_io_executor loop;
    TimeSource& time;
    std::shared_ptr<const LoadedAgent> loaded;
    InstanceLock lock;
    std::unique_ptr<StateStore> store;
    PrivateKey key;
    OrderClock clock;
    PosixProcessRunner processes{time};
    TransientUnitRunner step_programs{time, processes};
    SystemdUnits units{time};
    StateGuard guard{*store, time, loaded->settings.evidence.keep_bundles};
    Recorder recorder{*store, time, key, speaker_of(*loaded)};
    LoggedProgress progress;
    HealingEngine engine{
        {step_programs, units, time,
         [this](std::vector<CheckName> names) {
             return look_without_recording(loaded, {store.get(), time, processes, units}, std::move(names));
         },
         [this] { return baseline_of(loaded); }},
        progress};
    OrderDesk orders{loop,
                     {*store, guard, time, recorder, engine, clock, [this] { core.ring(); },
                      [this](std::int64_t run) {
                          return std::make_unique<TimedRevert>(loop, processes, time, loaded->settings, run);
                      },
                      [this](std::optional<OrderId> order) { core.executing(std::move(order)); }},
                     loaded};
    Core core{loop, *store, guard, time, orders, clock, loaded};
    CheckRounds checks{{*store, guard, time, processes, units, recorder, clock, [this] { core.ring(); },
                        [this](const CheckReport& report) { orders.looked(report); }},
                       loaded};
    Courier courier{loop, time, core, loaded->settings.server, courier_identity_of(loaded->settings)};

    void reload();
    [[nodiscard]] Task<> listen_to_signals();
    [[nodiscard]] Task<> obey_signals();
    [[nodiscard]] std::string describe() const;
};

Agent::Agent(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::start(const asio::any_io_executor& executor, TimeSource& time,
                                            std::shared_ptr<const LoadedAgent> loaded) {
    ignore_doorbells();
    configure_log(loaded->settings.log);
    const auto& state_dir = loaded->settings.state_dir;
    AGENT_TRY(prepare_state_dir(state_dir));
    AGENT_TRY(auto lock, InstanceLock::take(state_dir));
    AGENT_TRY(auto store, StateStore::open(state_dir, OpenMode::create, time.wall_now()));
    AGENT_TRY(auto key, evidence_key(loaded->settings.evidence.key_file, *store));
    AGENT_TRY(const auto set_aside, store->memory().set_aside_note());
    if (set_aside) log_error("the state file was set aside and a new evidence chain begins: " + *set_aside);
    AGENT_TRY(auto boot, boot_id());
    AGENT_TRY(auto clock, OrderClock::load(time, store->memory(), std::move(boot)));
    remember_catalogue(*loaded, store->memory(), time.wall_now());
    auto parts = std::make_unique<Parts>(executor, time, std::move(loaded), std::move(lock), std::move(store),
                                         std::move(key), std::move(clock));
    AGENT_TRY(in_context(parts->orders.find_interrupted(), "looking for interrupted orders"));
    return std::unique_ptr<Agent>{new Agent{std::move(parts)}};
}

std::string Agent::Parts::describe() const {
    const auto& settings = loaded->settings;
    return "host " + settings.site_id.str() + '/' + settings.host_id.str() + ", server " + settings.server.url +
           ", healing " + std::string{to_string(settings.healing.mode)} + ", " +
           std::to_string(loaded->keyring.keys.size()) + " order keys, " +
           std::to_string(loaded->runbooks.all().size()) + " runbooks";
}

// All or nothing: with any fault the old configuration stays in force.
void Agent::Parts::reload() {
    notify_reloading();
    auto fresh = load_agent_to_run(loaded->settings.file);
    const auto& before = loaded->settings;
    if (fresh.loaded && needs_restart(before, fresh.loaded->settings))
        fresh.faults.push_back(
            {before.file.string(), 0, "state_dir", "site_id, host_id, state_dir and evidence.key_file need a restart"});
    if (!fresh.faults.empty()) {
        for (const auto& fault : fresh.faults) log_error("configuration not reloaded: " + fault.to_string());
        notify_ready("running with the old configuration: the new one has " + std::to_string(fresh.faults.size()) +
                     " faults");
        return;
    }
    for (const auto& remark : fresh.remarks) log_info(remark);
    for (const auto& refused : fresh.loaded->runbooks.refused())
        log_warning("not usable: " + refused.fault.to_string());
    remember_catalogue(*fresh.loaded, store->memory(), time.wall_now());
    loaded = std::move(fresh.loaded);
    configure_log(loaded->settings.log);
    recorder.change_speaker(speaker_of(*loaded));
    core.change(loaded);
    checks.change(loaded);
    courier.change_settings(loaded->settings.server, courier_identity_of(loaded->settings));
    orders.change(loaded);
    log_info("configuration reloaded: " + describe());
    notify_ready(describe());
}

Task<> Agent::Parts::listen_to_signals() {
    auto asked = co_await obey_signals();
    ignore_doorbells();  // the signal set has given them back to their defaults, which would end the process
    co_return asked;
}

// Returns when asked to stop.
Task<> Agent::Parts::obey_signals() {
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP};
    signals.add(SIGUSR1);
    for (;;) {
        const auto [error, number] = co_await signals.async_wait(as_values);
        if (error) co_return Error{Errc::cancelled, "stopped"};
        if (number == SIGHUP) {
            reload();
        } else if (number == SIGUSR1) {
            core.ring();
            orders.look_again();
        } else {
            co_return ok();
        }
    }
}

Task<> Agent::run() {
    auto& parts = *parts_;
    std::optional<Error> fatal;
    Wake stop{parts.loop};
    const auto on_failure = [&](const std::string& task, const Error& error) {
        log_error("the " + task + " loop ended: " + error.message());
        if (!fatal) fatal = error;
        stop.ring();
    };
    // The order in hand is finished when all else stops, so it has a group of its own.
    TaskGroup order_work{parts.loop, on_failure};
    TaskGroup loops{parts.loop, on_failure};
    log_info("compliance-agent " + agent_version() + " starts: " + parts.describe());
    order_work.start("order", [&] { return parts.orders.work_forever(); });
    loops.start("signal", [&]() -> Task<> {
        auto asked = co_await parts.listen_to_signals();
        if (asked.has_value()) stop.ring();
        co_return asked;
    });
    loops.start("receipt", [&] { return parts.core.flush_forever(); });
    loops.start("upload", [&] { return parts.courier.upload_forever(); });
    loops.start("poll", [&] { return parts.courier.poll_forever(); });
    loops.start("check", [&] { return parts.checks.run_forever(); });
    loops.start("heartbeat", [&] { return parts.checks.beat_forever(); });
    notify_ready(parts.describe());
    give_back_memory();

    auto asked = co_await stop.wait();
    static_cast<void>(asked.has_error());
    // From here on a second signal has its default effect: the process ends at once.
    ::signal(SIGTERM, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);
    notify_stopping();
    log_info("stopping");
    loops.request_stop();
    co_await loops.join();
    parts.orders.finish();
    auto waited = [](TaskGroup& group) -> Task<> {
        co_await group.join();
        co_return ok();
    };
    auto joined = co_await with_deadline(parts.time, order_grace, waited(order_work));
    if (joined.has_error()) {
        log_warning("an order is still being carried out; waiting for its end, which the limits of its steps bound");
        order_work.request_stop();
        co_await order_work.join();
    }
    const auto flushed = parts.core.flush();
    if (flushed.has_error()) log_error("receipts could not be stored: " + flushed.error().message());
    const auto marked = parts.guard.commit(
        [&](Transaction& transaction) { return parts.clock.write(transaction, parts.store->memory()); });
    if (marked.has_error()) log_error("the mark of time could not be stored: " + marked.error().message());
    log_info("stopped");
    if (fatal) co_return *fatal;
    co_return ok();
}

asio::awaitable<Agent::Round> Agent::run_once() {
    auto& parts = *parts_;
    Round round;
    const auto note = [&](std::string_view what, Result<> result) {
        if (result.has_value()) return;
        log_error(std::string{what} + " failed: " + result.error().message());
        if (!round.failure) round.failure = std::move(result).error().in_context(what);
    };
    auto polled = co_await parts.courier.poll_once();
    note("polling", std::move(polled));
    auto worked = co_await parts.orders.work_once();
    note("carrying out orders", std::move(worked));
    auto checked = co_await parts.checks.round();
    note("checking", std::move(checked));
    auto healed = co_await parts.orders.work_once();
    note("healing", std::move(healed));
    auto uploaded = co_await parts.courier.upload_all();
    note("uploading", std::move(uploaded));
    note("storing receipts", parts.core.flush());
    round.refused = parts.courier.refused();
    co_return round;
}

}  // namespace agent
