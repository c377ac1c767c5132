#include "daemon/status.hpp"

#include <gtest/gtest.h>

#include "codec/json.hpp"

namespace agent {
namespace {

class StatusTest : public ::testing::Test {
protected:
    StatusTest() {
        settings.server.poll_interval = Duration{60'000};
        settings.server.long_poll = Duration{25'000};
        facts.poll.last_success = now;
        facts.certificate_not_after = now + std::chrono::days{90};
    }
    Health health() const { return judge_health(facts, settings, now).health; }

    WallTime now{Duration{1'700'000'000'000}};
    AgentSettings settings;
    StatusFacts facts;
};

TEST_F(StatusTest, IsOkUntilThreeIntervalsAndTheLongPollHavePassedSinceAPollSucceeded) {
    facts.poll.last_success = now - Duration{205'000};
    EXPECT_EQ(health(), Health::ok);
    facts.poll.last_success = now - Duration{205'001};
    EXPECT_EQ(health(), Health::failing);
}

TEST_F(StatusTest, IsFailingWhereNoPollEverSucceeded) {
    facts.poll.last_success.reset();
    EXPECT_EQ(health(), Health::failing);
}

TEST_F(StatusTest, IsNotOkWhenEvidenceWaitsOverFifteenMinutes) {
    facts.queue.waiting = 1;
    facts.queue.oldest = now - std::chrono::minutes{15};
    EXPECT_EQ(health(), Health::ok);
    facts.queue.oldest = now - std::chrono::minutes{15} - Duration{1};
    EXPECT_EQ(health(), Health::degraded);
}

TEST_F(StatusTest, IsDegradedByAFailureThatWaitingDoesNotMendAndSaysWhich) {
    facts.upload.failure = "the order server answered 503";
    EXPECT_EQ(health(), Health::ok);
    facts.upload.failure = "the order server answered 403 identity_mismatch";
    facts.upload.alarm = true;
    const auto verdict = judge_health(facts, settings, now);
    EXPECT_EQ(verdict.health, Health::degraded);
    EXPECT_EQ(verdict.reasons, std::vector<std::string>{"uploading: the order server answered 403 identity_mismatch"});
    facts.poll.failure = "the order server answered 401";
    facts.poll.alarm = true;
    EXPECT_EQ(judge_health(facts, settings, now).reasons.front(), "polling: the order server answered 401");
}

TEST_F(StatusTest, IsNotOkWithAnExpiredCertificateOrQuarantinedEvidence) {
    facts.certificate_not_after = now;
    EXPECT_EQ(health(), Health::degraded);
    facts.certificate_not_after = now + Duration{1};
    EXPECT_EQ(health(), Health::ok);
    facts.queue.quarantined = 1;
    EXPECT_EQ(health(), Health::degraded);
}

TEST_F(StatusTest, SpeaksTheMembersOfTheInterface) {
    const auto json = status_json(facts, judge_health(facts, settings, now), settings, now);
    for (const auto* member : {"health", "daemon", "version", "site_id", "host_id", "poll", "upload", "checks", "queue",
                               "chain", "certificate", "healing"})
        EXPECT_NE(json.find(member), nullptr) << member;
    EXPECT_EQ(*json.find("health")->string(), "ok");
    EXPECT_EQ(*json.find("poll")->find("last_success")->string(), "2023-11-14T22:13:20.000Z");
    EXPECT_TRUE(json.find("upload")->find("last_success")->is_null());
    EXPECT_EQ(*json.find("certificate")->find("days_left")->integer(), 90);
    EXPECT_TRUE(json.find("healing")->find("hold_until")->is_null());
}

}  // namespace
}  // namespace agent
