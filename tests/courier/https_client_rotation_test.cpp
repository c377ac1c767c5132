#include <filesystem>

#include "courier/https_client_fixture.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
using testing::hello;
using testing::HttpsClientTest;
using testing::ScriptedServer;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST_F(HttpsClientTest, TakesUpARotatedCertificateBeforeTheNextExchange) {
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    ASSERT_TRUE(ask().has_value());
    testing::CertificateRequest wanted;
    wanted.common_name = "rotated";
    CaptureStderr();
    ground.ca.issue(wanted).write(ground.folder.path(), "host");
    ASSERT_TRUE(ask().has_value());
    ASSERT_TRUE(ask().has_value());
    EXPECT_THAT(GetCapturedStderr(), HasSubstr("is in use now"));
    EXPECT_EQ(server.accepted(), 2);
    EXPECT_EQ(server.resumed(), 0) << "a session of the old certificate would speak for the old one";
    EXPECT_EQ(server.closed_cleanly(), 1);
    EXPECT_THAT(server.client_subjects().back(), HasSubstr("rotated"));
}

TEST_F(HttpsClientTest, KeepsTheOldCertificateWhileTheNewFilesDoNotFitAndSaysSoOnce) {
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    ASSERT_TRUE(ask().has_value());
    const auto next = ground.ca.issue_host("clinic-001", "srv-01");
    next.write(ground.folder.path(), "next");
    CaptureStderr();
    std::filesystem::rename(ground.path("next.pem"), ground.path("host.pem"));
    ASSERT_TRUE(ask().has_value());
    ASSERT_TRUE(ask().has_value());
    const auto words = GetCapturedStderr();
    EXPECT_THAT(words, HasSubstr(ground.path("host.key").string()));
    EXPECT_EQ(words.find("warning"), words.rfind("warning")) << words;
    EXPECT_EQ(server.accepted(), 1);
    CaptureStderr();
    std::filesystem::rename(ground.path("next.key"), ground.path("host.key"));
    ASSERT_TRUE(ask().has_value());
    EXPECT_THAT(GetCapturedStderr(), HasSubstr("is in use now"));
    EXPECT_EQ(server.accepted(), 2);
}

TEST_F(HttpsClientTest, RecoversFromAMissingFileWithoutARestart) {
    const ScriptedServer server{ground.server_files(), hello};
    std::filesystem::rename(ground.path("host.pem"), ground.path("away.pem"));
    use(ground.settings(server.port()));
    const auto answer = ask();
    ASSERT_TRUE(answer.has_error());
    EXPECT_THAT(answer.error().message(), HasSubstr(ground.path("host.pem").string()));
    std::filesystem::rename(ground.path("away.pem"), ground.path("host.pem"));
    EXPECT_TRUE(ask().has_value());
}

}  // namespace
}  // namespace agent
