#include "courier/courier_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using testing::CourierTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::idle_server;
using testing::is_poll;
using testing::pending;
using testing::Reply;
using testing::reply;
using testing::ScriptedServer;
using testing::SeenRequest;
using testing::stored;
using testing::Talks;
using testing::uploaded_id;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

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
    ASSERT_EQ(courier->refused().size(), 1U);
    EXPECT_THAT(courier->refused()[0].message(), HasSubstr("bundle b2: 409 bundle_conflict"));
    down = true;
    core.add(4, "b4");
    const auto failed = run(courier->upload_all());
    ASSERT_TRUE(failed.has_error());
    EXPECT_THAT(failed.error().message(), HasSubstr("500"));
    EXPECT_TRUE(courier->refused().empty()) << "of the last round alone";
    EXPECT_EQ(server.requests().size(), 4U) << "no retries";
    EXPECT_EQ(core.failures.size(), 2U);
}

}  // namespace
}  // namespace agent
