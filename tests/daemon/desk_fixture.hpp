#pragma once
// An order desk over a real state file, real keys and real files; only time is stepped by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "codec/bundle_codec.hpp"
#include "codec/envelope.hpp"
#include "codec/json.hpp"
#include "codec/order_codec.hpp"
#include "crypto/digest.hpp"
#include "daemon/order_desk.hpp"
#include "drift/baseline.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"
#include "model/limits.hpp"
#include "support/fake_confirmation.hpp"
#include "support/fake_time.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

class DeskFixture : public ::testing::Test {
protected:
    DeskFixture() {
        target = folder.write("target", "drifted\n");
        folder.write("runbooks/fix.yaml",
                     "id: RB-FIX-001\nname: Fix\ndescription: Puts the text back.\nseverity: low\n"
                     "disruptive: false\nsteps:\n  - action: file.install\n    path: " +
                         target.string() + "\n    mode: \"0644\"\n    content: |\n      approved\n");
        configure(HealingMode::enforce);
        open();
    }

    void shut() {
        desk.reset();
        recorder.reset();
        guard.reset();
        store.reset();
    }
    // A restart: everything but the files and the keys is made anew.
    void open() {
        shut();
        auto opened = StateStore::open(folder.path() / "state", OpenMode::create, time.wall);
        ASSERT_TRUE(opened.has_value()) << opened.error().message();
        store = std::move(opened).value();
        auto loaded_clock = OrderClock::load(time, store->memory(), "boot-1");
        ASSERT_TRUE(loaded_clock.has_value());
        clock = std::make_unique<OrderClock>(std::move(loaded_clock).value());
        guard = std::make_unique<StateGuard>(*store, time, 200);
        recorder = std::make_unique<Recorder>(*store, time, host_key, speaker_of(*loaded));
        desk = std::make_unique<OrderDesk>(
            io.get_executor(),
            OrderDeskParts{*store, *guard, time, *recorder, engine, *clock, [this] { ++rings; },
                           [](std::int64_t) { return std::make_unique<FakeConfirmation>(); },
                           [this](const std::optional<OrderId>& order) {
                               progress.push_back(order ? order->str() + " begins" : "ends");
                           }},
            loaded);
        const auto found = desk->find_interrupted();
        ASSERT_TRUE(found.has_value()) << found.error().message();
    }

    void configure(HealingMode mode) {
        auto fresh = std::make_shared<LoadedAgent>();
        fresh->settings.site_id = SiteId{"clinic-001"};
        fresh->settings.host_id = HostId{"srv-01"};
        fresh->settings.state_dir = folder.path() / "state";
        fresh->settings.healing.runbooks = folder.path() / "runbooks";
        auto runbooks = RunbookCatalogue::load(fresh->settings.healing.runbooks);
        EXPECT_TRUE(runbooks.faults.empty());
        fresh->runbooks = std::move(runbooks.catalogue);
        fresh->keyring.keys.push_back({order_key.public_key(), {"*"}, std::nullopt, std::nullopt});
        fresh->policy.mode = mode;
        fresh->policy.cooldown = cooldown;
        fresh->policy.max_per_day = max_per_day;
        fresh->baseline = baseline;
        loaded = fresh;
        if (desk) desk->change(loaded);
    }

    // The runbook repairs the check `text`, whose drift starts it as `heal` says. `more`: further lines of the runbook.
    void declare(const std::string& heal, HealingMode mode = HealingMode::enforce, const std::string& more = {}) {
        folder.write("runbooks/fix.yaml",
                     "id: RB-FIX-001\nname: Fix\ndescription: Puts the text back.\nseverity: low\ndisruptive: false\n"
                     "repairs: text\n" +
                         more + "steps:\n  - action: file.install\n    path: " + target.string() +
                         "\n    mode: \"0644\"\n    content: |\n      approved\n");
        auto declared = load_baseline(
            folder.write("baseline.yaml", "version: 1\ncustom:\n  - {name: text, kind: file, path: " + target.string() +
                                              ", mode: \"0644\", runbook: RB-FIX-001, heal: " + heal + "}\n"));
        ASSERT_TRUE(declared.baseline) << declared.faults.front().to_string();
        baseline = *std::move(declared.baseline);
        configure(mode);
    }
    // What the check `text` found.
    void note(CheckResult result) {
        CheckReport report;
        report.name = CheckName{"text"};
        report.result = result;
        desk->looked(report);
    }

    OrderPayload order(const std::string& id) {
        OrderPayload payload;
        payload.order_id = OrderId{id};
        payload.site_id = SiteId{"clinic-001"};
        payload.host_id = HostId{"srv-01"};
        payload.runbook_id = RunbookId{"RB-FIX-001"};
        payload.nonce = sha256_hex("nonce of " + id);
        payload.ttl_seconds = 900;
        payload.issued_at = time.wall;
        return payload;
    }

    std::string signed_by(const PrivateKey& key, const OrderPayload& payload) const {
        const auto bytes = write_order(payload);
        const auto signature = key.sign(pre_authentication_encoding(order_payload_type, bytes));
        return write_envelope(order_payload_type, bytes,
                              {{key.public_key().key_id().str(), std::string{text_of(signature)}}});
    }

    Delivery offer(const OrderPayload& payload) { return offer(payload.order_id.str(), signed_by(order_key, payload)); }
    Delivery offer(const std::string& id, const std::string& envelope) {
        auto delivered = testing::run(io, desk->deliver({id, envelope}));
        EXPECT_TRUE(delivered.has_value()) << (delivered.has_error() ? delivered.error().message() : "");
        return delivered.value();
    }
    void work() {
        const auto done = testing::run(io, desk->work_once());
        EXPECT_TRUE(done.has_value()) << (done.has_error() ? done.error().message() : "");
    }

    // All evidence, oldest first.
    std::vector<Value> evidence() {
        std::vector<Value> bundles;
        std::int64_t position = 0;
        for (;;) {
            auto next = store->evidence().next(position);
            if (next.has_error() || !next.value()) return bundles;
            position = next.value()->position;
            bundles.push_back(parse_json(next.value()->bundle.bytes).value());
        }
    }
    static std::string text(const Value& bundle, std::string_view member) {
        const auto* found = bundle.find(member);
        return found != nullptr && found->string() != nullptr ? *found->string() : "";
    }
    std::string content() const {
        std::ifstream file{target};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    TemporaryDirectory folder;
    std::filesystem::path target;
    asio::io_context io{1};
    FakeTime time;
    PrivateKey host_key{PrivateKey::generate().value()};
    PrivateKey order_key{PrivateKey::generate().value()};
    PosixProcessRunner processes{time};
    SystemdUnits units{time};
    CheckResult check_says{CheckResult::pass};
    std::function<void()> before_checks;
    std::function<Task<>()> during_next_check;
    Baseline baseline;  // of the next configure()
    std::int64_t max_per_day{100};
    Duration cooldown{0};
    HealingEngine engine{{processes, units, time,
                          [this](std::vector<CheckName> names) -> Task<std::vector<CheckReport>> {
                              if (before_checks) before_checks();
                              if (during_next_check) {
                                  const auto once = std::exchange(during_next_check, nullptr);
                                  auto done = co_await once();
                                  AGENT_CO_TRY(std::move(done));
                              }
                              std::vector<CheckReport> reports(names.size());
                              for (std::size_t i = 0; i < names.size(); ++i) {
                                  reports[i].name = names[i];
                                  reports[i].result = check_says;
                              }
                              co_return reports;
                          },
                          [this] { return baseline_of(loaded); }}};
    std::shared_ptr<const LoadedAgent> loaded;
    std::unique_ptr<StateStore> store;
    std::unique_ptr<OrderClock> clock;
    std::unique_ptr<StateGuard> guard;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<OrderDesk> desk;
    int rings{};
    std::vector<std::string> progress;
};

}  // namespace agent::testing
