#include "host/nixos_system.hpp"

#include "support/temporary_directory.hpp"

namespace agent {
namespace {

constexpr const char* system_name = "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r-nixos-system-clinic-25.11";

TEST(NixosSystems, AreKnownByTheLinkAndTellTheirRevision) {
    const testing::TemporaryDirectory folder;
    const auto link = folder.path() / "current-system";
    std::filesystem::create_symlink(folder.path() / "store" / system_name, link);
    EXPECT_EQ(look_at_nixos_system(link).value().revision, "") << "without the file";
    folder.write(std::filesystem::path{"store"} / system_name / "nixos-version", "25.11.20260407.d96b37b\n");
    const auto system = look_at_nixos_system(link).value();
    EXPECT_EQ(system.store_path, folder.path() / "store" / system_name);
    EXPECT_EQ(system.digest, "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r");
    EXPECT_EQ(system.revision, "25.11.20260407.d96b37b");
    folder.write(std::filesystem::path{"store"} / system_name / "nixos-version", "two\nlines\n");
    EXPECT_EQ(look_at_nixos_system(link).value().revision, "");
}

TEST(NixosSystems, AreNotGuessedFromOtherLinks) {
    const testing::TemporaryDirectory folder;
    const auto link = folder.path() / "current-system";
    EXPECT_EQ(look_at_nixos_system(link).error().code(), Errc::not_found);
    folder.write("file", "");
    EXPECT_EQ(look_at_nixos_system(folder.path() / "file").error().code(), Errc::malformed);
    std::filesystem::create_symlink("/usr", link);
    EXPECT_EQ(look_at_nixos_system(link).error().code(), Errc::malformed);
}

TEST(NixosSystems, HaveADigestInTheAlphabetOfNix) {
    EXPECT_EQ(store_digest(system_name), "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r");
    for (const char* wrong :
         {"", "short-system_name", "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r", "0a1b2c3d4e5g6h7i8j9k0l1m2n3p4q5r-e",
          "0A1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r-upper", "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5rr-longer"})
        EXPECT_FALSE(store_digest(wrong)) << wrong;
}

}  // namespace
}  // namespace agent
