#include "courier/courier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>

#include "async/system_time_source.hpp"
#include "async/task_group.hpp"
#include "codec/offers.hpp"
#include "courier/fake_core.hpp"
#include "courier/scripted_server.hpp"
#include "courier/tls_ground.hpp"
#include "support/run.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Reply;
using testing::reply;
using testing::ScriptedServer;
using testing::SeenRequest;
using testing::Talks;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

bool is_poll(const SeenRequest& request) { return request.line().find("GET /api/orders/pending") == 0; }

Reply pending(std::vector<Offer> offers, bool more = false) {
    PendingAnswer answer;
    answer.offers = std::move(offers);
    answer.more = more;
    return reply(200, write_pending(answer));
}

std::string uploaded_id(const SeenRequest& request) {
    constexpr std::string_view before = R"({"bundle_id":")";
    const auto start = request.body.find(before) + before.size();
    return request.body.substr(start, request.body.find('"', start) - start);
}

Reply stored(const std::string& id, const std::string& receipt_for) {
    UploadAnswer answer;
    answer.bundle_id = BundleId{id};
    answer.sha256 = std::string(64, 'a');
    answer.chain.epoch = "epoch";
    answer.chain.sequence = 1;
    answer.receipt = R"({"for":")" + receipt_for + "\"}";
    return reply(201, write_upload_answer(answer));
}
Reply stored(const SeenRequest& request) { return stored(uploaded_id(request), uploaded_id(request)); }

// Answers polls with nothing and stores every bundle.
ScriptedServer::Script idle_server() {
    return [](const SeenRequest& request) { return is_poll(request) ? pending({}) : stored(request); };
}

class CourierTest : public ::testing::Test {
protected:
    ServerSettings settings(std::uint16_t port) const {
        auto settings = ground.settings(port);
        settings.poll_interval = 20ms;
        settings.long_poll = 0ms;
        settings.backoff_base = 5ms;
        settings.backoff_cap = 20ms;
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
        const auto end = time.mono_now() + 10s;
        while (!done() && time.mono_now() < end) static_cast<void>(co_await time.sleep_for(1ms));
        const bool came = done();
        const auto stopping = time.mono_now();
        group.request_stop();
        co_await group.join();
        EXPECT_LT(time.mono_now() - stopping, 2500ms) << "stopping takes at most 2 s";
        co_return came;
    }

    testing::TlsGround ground;
    asio::io_context io;
    SystemTimeSource time;
    testing::FakeCore core{io.get_executor()};
    CourierIdentity identity{SiteId{"clinic-001"}, HostId{"srv-01"}, DeploymentMode::direct, std::nullopt, "1.2.3"};
    std::unique_ptr<Courier> courier;
};

TEST_F(CourierTest, SendsIdentityWithEveryRequest) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest& request) {
                                    return is_poll(request) ? pending({}) : stored(request);
                                }};
    identity.deployment_mode = DeploymentMode::reseller;
    identity.reseller_id = "msp-7";
    core.add(1, "b1");
    use(settings(server.port()));
    run_until([&] { return core.polls >= 1 && core.uploads >= 1; });
    for (const auto& request : server.requests()) {
        EXPECT_EQ(request.header("User-Agent"), "compliance-agent/1.2.3");
        EXPECT_EQ(request.header("X-Site-ID"), "clinic-001");
        EXPECT_EQ(request.header("X-Host-ID"), "srv-01");
        EXPECT_EQ(request.header("X-Deployment-Mode"), "reseller");
        EXPECT_EQ(request.header("X-Reseller-ID"), "msp-7");
    }
    EXPECT_EQ(server.accepted(), 2) << "one connection for the polls, one for the rest";
}

TEST_F(CourierTest, DeliversOffersInOrderAndReportsTheServersTime) {
    const ScriptedServer server{
        ground.server_files(), [](const SeenRequest& request) {
            if (!is_poll(request)) return stored(request);
            auto answer = pending({{"ord-1", R"({"payload":"one"})"}, {"ord-2", R"({"payload":"two"})"}});
            answer.bytes.insert(answer.bytes.find("\r\n") + 2, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
            return answer;
        }};
    use(settings(server.port()));
    run_until([&] { return core.polls >= 1; });
    ASSERT_GE(core.delivered.size(), 2U);
    EXPECT_EQ(core.delivered[0], "ord-1");
    EXPECT_EQ(core.delivered[1], "ord-2");
    EXPECT_EQ(format_rfc3339(core.server_times.at(0)), "1994-11-06T08:49:37.000Z");
    EXPECT_EQ(server.requests().at(0).line(),
              "GET /api/orders/pending?site_id=clinic-001&host_id=srv-01&limit=10 HTTP/1.1");
}

TEST_F(CourierTest, AsksTheServerToHoldThePollAndStopsInTheMiddleOfIt) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest& request) {
                                    return is_poll(request) ? Reply{"", Reply::Then::keep} : stored(request);
                                }};
    auto wanted = settings(server.port());
    wanted.long_poll = 25s;
    use(wanted);
    run_until([&] { return !server.requests().empty(); });
    EXPECT_THAT(server.requests().at(0).line(), HasSubstr("&limit=10&wait=25 "));
    EXPECT_TRUE(core.failures.empty()) << "being stopped is no failure";
    EXPECT_EQ(server.closed_cleanly(), 1);
}

TEST_F(CourierTest, PollsAgainAtOnceWhileThereAreMoreAndAfterAnAcknowledgement) {
    const ScriptedServer server{ground.server_files(), [polls = 0](const SeenRequest& request) mutable {
                                    if (!is_poll(request)) return stored(request);
                                    ++polls;
                                    if (polls == 1) return pending({{"ord-1", R"({"payload":"one"})"}}, true);
                                    return pending({{"ord-2", R"({"payload":"two"})"}});
                                }};
    auto wanted = settings(server.port());
    wanted.long_poll = 25s;
    wanted.poll_interval = 1h;
    use(wanted);
    run_until([&] {
        // The evidence of the order is ready some time after it was delivered.
        if (core.polls == 2 && core.acknowledged.empty() && core.queue.empty()) core.add(1, "b1");
        return core.polls >= 3;
    });
    EXPECT_THAT(core.delivered, ElementsAre("ord-1", "ord-2", "ord-2"));
}

TEST_F(CourierTest, DrainsTheQueueInOrderWhenALostServerIsBack) {
    std::uint16_t port = 0;
    { port = ScriptedServer{ground.server_files(), idle_server()}.port(); }
    for (int i = 1; i <= 5; ++i) core.add(i, "b" + std::to_string(i));
    use(settings(port));
    std::unique_ptr<ScriptedServer> server;
    CaptureStderr();
    run_until([&] {
        if (core.failures.size() >= 6 && !server)
            server = std::make_unique<ScriptedServer>(ground.server_files(), idle_server(), Talks::tls, port);
        return core.acknowledged.size() == 5 && core.polls > 0;
    });
    const auto words = GetCapturedStderr();
    EXPECT_THAT(core.acknowledged, ElementsAre("b1", "b2", "b3", "b4", "b5"));
    EXPECT_THAT(words, HasSubstr("Connection refused; next try in "));
    EXPECT_THAT(words, HasSubstr("uploading evidence: reached the server again after "));
    EXPECT_THAT(words, HasSubstr("polling for orders: reached the server again after "));
}

TEST_F(CourierTest, SendsABundleAgainWhoseAnswerWasLost) {
    std::vector<std::string> arrived;
    const ScriptedServer server{ground.server_files(), [&arrived](const SeenRequest& request) {
                                    if (is_poll(request)) return pending({});
                                    arrived.push_back(request.body.substr(request.body.find('{')));
                                    if (arrived.size() <= 3)
                                        return Reply{"HTTP/1.1 201 Created\r\nContent-", Reply::Then::cut};
                                    return stored(request);
                                }};
    core.add(1, "b1");
    core.add(2, "b2");
    use(settings(server.port()));
    run_until([&] { return core.acknowledged.size() == 2; });
    EXPECT_THAT(core.acknowledged, ElementsAre("b1", "b2"));
    ASSERT_EQ(arrived.size(), 5U) << "only the oldest is tried while uploads fail";
    EXPECT_EQ(arrived[3].substr(0, arrived[3].find('\r')), R"({"bundle_id":"b1"})");
    EXPECT_EQ(core.failures.size(), 3U);
}

TEST_F(CourierTest, QuarantinesTheOneBundleTheServerRefusesAndGoesOn) {
    const ScriptedServer server{
        ground.server_files(), [](const SeenRequest& request) {
            if (is_poll(request)) return pending({});
            if (uploaded_id(request) == "b2")
                return reply(422,
                             R"({"reason":"bad_signature","detail":"it does not verify","title":"x","status":422})",
                             "Content-Type: application/problem+json\r\n");
            return stored(request);
        }};
    for (int i = 1; i <= 3; ++i) core.add(i, "b" + std::to_string(i));
    use(settings(server.port()));
    CaptureStderr();
    run_until([&] { return core.acknowledged.size() == 2; });
    EXPECT_THAT(GetCapturedStderr(), HasSubstr(" error the order server refuses bundle b2: 422 bad_signature"));
    EXPECT_THAT(core.acknowledged, ElementsAre("b1", "b3"));
    ASSERT_EQ(core.quarantined.size(), 1U);
    EXPECT_EQ(core.quarantined[0].first, "b2");
    EXPECT_EQ(core.quarantined[0].second, R"(422 bad_signature: "it does not verify")");
}

TEST_F(CourierTest, TakesAWrongReceiptForAFailedAttemptWithAnAlarm) {
    int uploads = 0;
    const ScriptedServer server{ground.server_files(), [&uploads](const SeenRequest& request) {
                                    if (is_poll(request)) return pending({});
                                    ++uploads;
                                    if (uploads == 1) return stored("b1", "another bundle");
                                    if (uploads == 2) return reply(201, R"({"bundle_id":"b1"})");
                                    return stored(request);
                                }};
    core.add(1, "b1");
    use(settings(server.port()));
    CaptureStderr();
    run_until([&] { return !core.acknowledged.empty(); });
    const auto words = GetCapturedStderr();
    EXPECT_THAT(words, HasSubstr(" error uploading evidence: no good receipt for bundle b1: "));
    EXPECT_EQ(core.failures.size(), 2U);
    EXPECT_TRUE(core.quarantined.empty());
    EXPECT_EQ(uploads, 3);
}

TEST_F(CourierTest, WaitsAsLongAsRetryAfterSays) {
    std::vector<MonoTime> uploads;
    const ScriptedServer server{ground.server_files(), [&](const SeenRequest& request) {
                                    if (is_poll(request)) return pending({});
                                    uploads.push_back(time.mono_now());
                                    if (uploads.size() == 1) return reply(503, "", "Retry-After: 1\r\n");
                                    return stored(request);
                                }};
    core.add(1, "b1");
    use(settings(server.port()));
    run_until([&] { return !core.acknowledged.empty(); });
    ASSERT_EQ(uploads.size(), 2U);
    EXPECT_GE(uploads[1] - uploads[0], 1s);
}

TEST_F(CourierTest, RaisesAnAlarmAndSlowsDownToTheCapWhenDenied) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return reply(403, R"({"reason":"identity_mismatch","detail":"not you"})");
                                }};
    auto wanted = settings(server.port());
    wanted.backoff_cap = 1h;
    core.add(1, "b1");
    use(wanted);
    CaptureStderr();
    run_until([&] { return core.failures.size() == 2; });
    const auto words = GetCapturedStderr();
    EXPECT_THAT(words, HasSubstr(" error polling for orders: the order server answered 403 identity_mismatch"));
    EXPECT_THAT(words, HasSubstr(" error uploading evidence: the order server answered 403 identity_mismatch"));
    EXPECT_THAT(words, HasSubstr("next try in 1 h"));
    EXPECT_TRUE(core.quarantined.empty());
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(CourierTest, CountsAnUnreadablePollAndABrokenDiskAsFailures) {
    const ScriptedServer server{ground.server_files(), [polls = 0](const SeenRequest& request) mutable {
                                    if (!is_poll(request)) return stored(request);
                                    if (++polls == 1) return reply(200, "<html>");
                                    if (polls == 2) return reply(302, "", "Location: https://elsewhere/\r\n");
                                    return pending({{"ord-1", R"({"payload":"one"})"}});
                                }};
    const auto told = [&](LoopName loop, const std::string& words) {
        return std::any_of(core.failures.begin(), core.failures.end(), [&](const auto& failure) {
            return failure.first == loop && failure.second.message().find(words) != std::string::npos;
        });
    };
    core.broken = true;
    use(settings(server.port()));
    run_until([&] {
        if (told(LoopName::poll, "the disk is broken") && told(LoopName::upload, "the disk is broken"))
            core.broken = false;
        return core.polls > 0;
    });
    EXPECT_TRUE(told(LoopName::poll, "cannot be read"));
    EXPECT_TRUE(told(LoopName::poll, "302"));
    EXPECT_TRUE(told(LoopName::poll, "the disk is broken"));
    EXPECT_TRUE(told(LoopName::upload, "the disk is broken"));
}

TEST_F(CourierTest, SendsNoBundleAgainThatWaitsForItsBatchOfAcknowledgements) {
    const ScriptedServer server{ground.server_files(), idle_server()};
    core.batches = true;
    for (int i = 1; i <= 3; ++i) core.add(i, "b" + std::to_string(i));
    use(settings(server.port()));
    run_until([&] {
        if (core.acknowledged.size() == 3 && core.queue.size() == 3) core.add(4, "b4");
        return core.acknowledged.size() >= 4;
    });
    EXPECT_THAT(core.acknowledged, ElementsAre("b1", "b2", "b3", "b4"));
}

TEST_F(CourierTest, SendsWhatAPersonPutBackIntoTheQueueBeforeWhatIsNewer) {
    const ScriptedServer server{ground.server_files(), idle_server()};
    core.add(5, "b5");
    use(settings(server.port()));
    run_until([&] {
        if (core.acknowledged.size() == 1 && core.queue.empty()) core.add(2, "b2");
        return core.acknowledged.size() >= 2;
    });
    EXPECT_THAT(core.acknowledged, ElementsAre("b5", "b2"));
}

TEST_F(CourierTest, UsesNewSettingsBeforeTheNextExchangeAlsoWhileItBacksOff) {
    const ScriptedServer denying{ground.server_files(), [](const SeenRequest&) { return reply(403, "{}"); }};
    const ScriptedServer server{ground.server_files(), idle_server()};
    auto wanted = settings(denying.port());
    wanted.backoff_cap = 1h;
    core.add(1, "b1");
    use(wanted);
    run_until([&] {
        if (core.failures.size() == 2 && core.polls == 0) courier->change_settings(settings(server.port()), identity);
        return core.polls > 0 && core.acknowledged.size() == 1;
    });
    EXPECT_EQ(denying.requests().size(), 2U);
}

TEST_F(CourierTest, OnePollDoesNotHoldAndFollowsMore) {
    const ScriptedServer server{
        ground.server_files(), [polls = 0](const SeenRequest&) mutable {
            ++polls;
            return pending({{"ord", R"({"payload":")" + std::to_string(polls) + "\"}"}}, polls < 3);
        }};
    auto wanted = settings(server.port());
    wanted.long_poll = 25s;
    use(wanted);
    ASSERT_TRUE(run(courier->poll_once()).has_value());
    EXPECT_EQ(core.delivered.size(), 3U);
    EXPECT_EQ(server.accepted(), 1);
    EXPECT_THAT(server.requests().at(0).line(), Not(HasSubstr("wait")));
}

TEST_F(CourierTest, OneRoundOfUploadsEndsWithTheQueueOrWithTheFirstFailure) {
    bool down = false;
    const ScriptedServer server{ground.server_files(), [&down](const SeenRequest& request) {
                                    if (down) return reply(500, "");
                                    if (uploaded_id(request) == "b2")
                                        return reply(409, R"({"reason":"bundle_conflict"})");
                                    return stored(request);
                                }};
    for (int i = 1; i <= 3; ++i) core.add(i, "b" + std::to_string(i));
    use(settings(server.port()));
    ASSERT_TRUE(run(courier->upload_all()).has_value());
    EXPECT_THAT(core.acknowledged, ElementsAre("b1", "b3"));
    EXPECT_EQ(server.accepted(), 1) << "a refused bundle does not cost the connection";
    down = true;
    core.add(4, "b4");
    const auto failed = run(courier->upload_all());
    ASSERT_TRUE(failed.has_error());
    EXPECT_THAT(failed.error().message(), HasSubstr("500"));
    EXPECT_EQ(server.requests().size(), 4U) << "no retries";
    EXPECT_EQ(core.failures.size(), 2U);
}

TEST_F(CourierTest, AnExpiredCertificateWedgesNothingAndANewOneIsTakenUp) {
    testing::CertificateRequest wanted;
    wanted.common_name = "srv-01";
    wanted.not_before = parse_rfc3339("2020-01-01T00:00:00Z").value();
    wanted.not_after = parse_rfc3339("2021-01-01T00:00:00Z").value();
    ground.ca.issue(wanted).write(ground.folder.path(), "host");
    const ScriptedServer server{ground.server_files(), idle_server()};
    core.add(1, "b1");
    use(settings(server.port()));
    CaptureStderr();
    bool renewed = false;
    run_until([&] {
        if (core.failures.size() >= 4 && !std::exchange(renewed, true))
            ground.ca.issue_host("clinic-001", "srv-01").write(ground.folder.path(), "host");
        return core.acknowledged.size() == 1 && core.polls > 0;
    });
    const auto words = GetCapturedStderr();
    EXPECT_THAT(words, HasSubstr("has expired on 2021-01-01"));
    EXPECT_THAT(words, HasSubstr("is in use now"));
}

}  // namespace
}  // namespace agent
