#include "host/machine.hpp"

#include <unistd.h>

namespace agent {
namespace {

TEST(Machine, NamesItselfWithoutItsDomain) {
    std::array<char, 256> name{};
    ASSERT_EQ(gethostname(name.data(), name.size()), 0);
    EXPECT_EQ(std::string{name.data()}.rfind(host_name(), 0), 0U);
    EXPECT_EQ(host_name().find('.'), std::string::npos);
    EXPECT_FALSE(host_name().empty());
}

TEST(Machine, HasOneBootIdUntilItBootsAgain) {
    EXPECT_THAT(boot_id().value(), ::testing::MatchesRegex("[0-9a-f-]+"));
    EXPECT_EQ(boot_id().value().size(), 36U);
    EXPECT_EQ(boot_id().value(), boot_id().value());
}

TEST(Machine, KnowsItsOperatingSystemWithoutQuotes) {
    ASSERT_TRUE(os_release("ID"));
    EXPECT_EQ(os_release("ID")->find('"'), std::string::npos);
    ASSERT_TRUE(os_release("PRETTY_NAME"));
    EXPECT_EQ(os_release("PRETTY_NAME")->find('"'), std::string::npos);
    EXPECT_FALSE(os_release("NO_SUCH_KEY"));
}

}  // namespace
}  // namespace agent
