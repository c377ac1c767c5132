#include "courier/courier_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using testing::CourierTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::idle_server;
using testing::is_poll;
using ::testing::Not;
using testing::pending;
using testing::Reply;
using testing::reply;
using testing::ScriptedServer;
using testing::SeenRequest;
using testing::stored;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

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
