#pragma once
// A courier between a core in memory and a scripted server over real TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/system_time_source.hpp"
#include "async/task_group.hpp"
#include "codec/offers.hpp"
#include "courier/courier.hpp"
#include "courier/fake_core.hpp"
#include "courier/scripted_server.hpp"
#include "courier/tls_ground.hpp"
#include "support/run.hpp"

namespace agent::testing {

inline bool is_poll(const SeenRequest& request) { return request.line().find("GET /api/orders/pending") == 0; }

inline Reply pending(std::vector<Offer> offers, bool more = false) {
    PendingAnswer answer;
    answer.offers = std::move(offers);
    answer.more = more;
    return reply(200, write_pending(answer));
}

inline std::string uploaded_id(const SeenRequest& request) {
    constexpr std::string_view before = R"({"bundle_id":")";
    const auto start = request.body.find(before) + before.size();
    return request.body.substr(start, request.body.find('"', start) - start);
}

inline Reply stored(const std::string& id, const std::string& receipt_for) {
    UploadAnswer answer;
    answer.bundle_id = BundleId{id};
    answer.sha256 = std::string(64, 'a');
    answer.chain.epoch = "epoch";
    answer.chain.sequence = 1;
    answer.receipt = R"({"for":")" + receipt_for + "\"}";
    return reply(201, write_upload_answer(answer));
}
inline Reply stored(const SeenRequest& request) { return stored(uploaded_id(request), uploaded_id(request)); }

// Answers polls with nothing and stores every bundle.
inline ScriptedServer::Script idle_server() {
    return [](const SeenRequest& request) { return is_poll(request) ? pending({}) : stored(request); };
}

class CourierTest : public ::testing::Test {
protected:
    ServerSettings settings(std::uint16_t port) const {
        auto settings = ground.settings(port);
        settings.poll_interval = Duration{20};
        settings.long_poll = Duration{0};
        settings.backoff_base = Duration{5};
        settings.backoff_cap = Duration{20};
        return settings;
    }
    void use(ServerSettings wanted) {
        courier = std::make_unique<Courier>(io.get_executor(), time, core, std::move(wanted), identity);
    }
    template <class T>
    T run(asio::awaitable<T> work) {
        return testing::run(io, std::move(work));
    }

    // Runs both loops until `done`, at most ten seconds, and stops them.
    void run_until(std::function<bool()> done) {
        const bool stopped = run(until(std::move(done)));
        EXPECT_TRUE(stopped) << "what was waited for never came";
    }
    asio::awaitable<bool> until(std::function<bool()> done) {
        TaskGroup group{io.get_executor(), [](const std::string& task, const Error& error) {
                            ADD_FAILURE() << task << ": " << error.message();
                        }};
        group.start("poll", [this] { return courier->poll_forever(); });
        group.start("upload", [this] { return courier->upload_forever(); });
        const auto end = time.mono_now() + std::chrono::seconds{10};
        while (!done() && time.mono_now() < end) static_cast<void>(co_await time.sleep_for(Duration{1}));
        const bool came = done();
        const auto stopping = time.mono_now();
        group.request_stop();
        co_await group.join();
        EXPECT_LT(time.mono_now() - stopping, Duration{2500}) << "stopping takes at most 2 s";
        co_return came;
    }

    TlsGround ground;
    asio::io_context io;
    SystemTimeSource time;
    FakeCore core{io.get_executor()};
    CourierIdentity identity{SiteId{"clinic-001"}, HostId{"srv-01"}, DeploymentMode::direct, std::nullopt, "1.2.3"};
    std::unique_ptr<Courier> courier;
};

}  // namespace agent::testing
