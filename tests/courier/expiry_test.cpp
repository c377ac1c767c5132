#include "courier/expiry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_time.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_pki.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(ExpiryStage, ChangesAtThirtyFourteenSevenOneAndNoDays) {
    EXPECT_EQ(expiry_stage(days{30} + 1ms), ExpiryStage::fine);
    EXPECT_EQ(expiry_stage(days{30}), ExpiryStage::within_30_days);
    EXPECT_EQ(expiry_stage(days{14} + 1ms), ExpiryStage::within_30_days);
    EXPECT_EQ(expiry_stage(days{14}), ExpiryStage::within_14_days);
    EXPECT_EQ(expiry_stage(days{7}), ExpiryStage::within_7_days);
    EXPECT_EQ(expiry_stage(days{1} + 1ms), ExpiryStage::within_7_days);
    EXPECT_EQ(expiry_stage(days{1}), ExpiryStage::within_1_day);
    EXPECT_EQ(expiry_stage(1ms), ExpiryStage::within_1_day);
    EXPECT_EQ(expiry_stage(0ms), ExpiryStage::expired);
    EXPECT_EQ(expiry_stage(-1ms), ExpiryStage::expired);
}

TEST(ExpiryAnnouncement, IsDueOncePerStage) {
    EXPECT_FALSE(announcement_due(ExpiryStage::fine, ExpiryStage::fine));
    EXPECT_TRUE(announcement_due(ExpiryStage::within_7_days, ExpiryStage::fine));
    EXPECT_FALSE(announcement_due(ExpiryStage::within_7_days, ExpiryStage::within_7_days));
    EXPECT_TRUE(announcement_due(ExpiryStage::expired, ExpiryStage::within_1_day));
    EXPECT_FALSE(announcement_due(ExpiryStage::fine, ExpiryStage::expired)) << "a new certificate";
}

class ExpiryWatchTest : public ::testing::Test {
protected:
    std::string look() {
        CaptureStderr();
        watch.look(time, folder.path() / "host.pem");
        return GetCapturedStderr();
    }
    void issue(WallTime not_after) {
        testing::CertificateRequest request;
        request.common_name = "srv-01";
        request.not_before = time.wall - days{365};
        request.not_after = not_after;
        pki.issue(request).write(folder.path(), "host");
    }

    testing::TemporaryDirectory folder;
    testing::TestPki pki;
    testing::FakeTime time;
    ExpiryWatch watch;
};

TEST_F(ExpiryWatchTest, AnnouncesEachStageOnceNamingSubjectFileAndDate) {
    issue(time.wall + days{31});
    EXPECT_EQ(look(), "");
    time.advance(days{2});
    const auto text = look();
    EXPECT_THAT(text, HasSubstr(" warning "));
    EXPECT_THAT(text, HasSubstr("CN=srv-01"));
    EXPECT_THAT(text, HasSubstr((folder.path() / "host.pem").string()));
    EXPECT_THAT(text, HasSubstr("29 d"));
    EXPECT_THAT(text, HasSubstr("2023-12-15T22:13:20"));
    time.advance(2h);
    EXPECT_EQ(look(), "");
    time.advance(days{28});
    EXPECT_THAT(look(), HasSubstr(" error "));
    time.advance(days{2});
    EXPECT_THAT(look(), HasSubstr("has expired"));
    time.advance(days{20});
    EXPECT_EQ(look(), "");
}

TEST_F(ExpiryWatchTest, LooksOnceAnHourAndStartsOverWithANewCertificate) {
    issue(time.wall + days{3});
    EXPECT_THAT(look(), HasSubstr("expires in 3 d"));
    issue(time.wall + 12h);
    time.advance(59min);
    EXPECT_EQ(look(), "") << "not looked at again within the hour";
    time.advance(1min);
    EXPECT_THAT(look(), HasSubstr("expires in 11 h"));
    issue(time.wall + days{300});
    time.advance(1h);
    EXPECT_EQ(look(), "");
    issue(time.wall + days{5});
    time.advance(1h);
    EXPECT_THAT(look(), HasSubstr("expires in 4 d"));
}

TEST_F(ExpiryWatchTest, LeavesAMissingFileToTheNextConnection) { EXPECT_EQ(look(), ""); }

}  // namespace
}  // namespace agent
