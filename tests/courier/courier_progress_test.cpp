#include "courier/courier_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using testing::CourierTest;
using testing::is_poll;
using testing::pending;
using testing::Reply;
using testing::reply;
using testing::ScriptedServer;
using testing::SeenRequest;
using testing::stored;

bool is_note(const SeenRequest& request) { return request.line().find("POST /api/orders/") == 0; }

std::vector<SeenRequest> notes_of(const ScriptedServer& server) {
    auto requests = server.requests();
    std::erase_if(requests, [](const SeenRequest& request) { return !is_note(request); });
    return requests;
}

// Answers everything as it should, but for progress.
ScriptedServer::Script answering_notes_with(Reply note) {
    return [note](const SeenRequest& request) {
        if (is_note(request)) return note;
        return is_poll(request) ? pending({}) : stored(request);
    };
}

class ProgressTest : public CourierTest {
protected:
    // An order begins; once the server has heard of it, its evidence is written and uploaded.
    void carry_out(const ScriptedServer& server) {
        use(settings(server.port()));
        core.begin("o-1");
        run_until([&] {
            if (!notes_of(server).empty() && core.queue.empty() && core.acknowledged.empty()) core.add(1, "b1");
            return core.acknowledged.size() == 1;
        });
        EXPECT_EQ(notes_of(server).size(), 1U) << "one attempt";
        EXPECT_TRUE(core.failures.empty()) << "progress that is not told is nobody's alarm";
    }
};

TEST_F(ProgressTest, ABeginningIsToldOnTheConnectionOfTheUploads) {
    const ScriptedServer server{ground.server_files(), answering_notes_with({"HTTP/1.1 204 No Content\r\n\r\n"})};
    carry_out(server);
    const auto note = notes_of(server).at(0);
    EXPECT_EQ(note.line(), "POST /api/orders/o-1/status HTTP/1.1");
    EXPECT_EQ(note.body, R"({"status":"executing"})");
    EXPECT_EQ(note.header("Content-Type"), "application/json");
    EXPECT_EQ(note.header("X-Host-ID"), "srv-01");
    EXPECT_EQ(server.accepted(), 2) << "one connection for the polls, one for the rest";
}

TEST_F(ProgressTest, ARefusalChangesNothing) {
    const ScriptedServer server{ground.server_files(), answering_notes_with(reply(404, R"({"reason":"not_found"})"))};
    carry_out(server);
}

TEST_F(ProgressTest, AServerInTroubleIsNotAskedAgain) {
    const ScriptedServer server{ground.server_files(), answering_notes_with(reply(500, ""))};
    carry_out(server);
}

TEST_F(ProgressTest, AServerThatNeverAnswersHoldsUpTheEvidenceForASecondAtMost) {
    const ScriptedServer server{ground.server_files(), answering_notes_with({"", Reply::Then::keep})};
    const auto begun = time.mono_now();
    carry_out(server);
    EXPECT_LT(time.mono_now() - begun, 5s);
}

TEST_F(ProgressTest, EvidenceThatWaitsGoesFirst) {
    const ScriptedServer server{ground.server_files(), answering_notes_with({"HTTP/1.1 204 No Content\r\n\r\n"})};
    use(settings(server.port()));
    core.add(1, "b1");
    core.add(2, "b2");
    core.begin("o-1");
    run_until([&] { return !notes_of(server).empty(); });
    EXPECT_EQ(core.acknowledged.size(), 2U);
}

TEST_F(ProgressTest, AnIdThatIsNoPathSegmentIsEscaped) {
    const ScriptedServer server{ground.server_files(), answering_notes_with({"HTTP/1.1 204 No Content\r\n\r\n"})};
    use(settings(server.port()));
    core.begin("a/b?c");
    run_until([&] { return !notes_of(server).empty(); });
    EXPECT_EQ(notes_of(server).at(0).line(), "POST /api/orders/a%2Fb%3Fc/status HTTP/1.1");
}

}  // namespace
}  // namespace agent
