#include "daemon/catalogue_age.hpp"

#include <gmock/gmock.h>

#include "store/state_store.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

const WallTime noon = parse_rfc3339("2026-11-29T12:00:00Z").value();

TEST(CatalogueAge, RefusesOnlyWhatIsOlderThanTheNewestAcceptedOne) {
    EXPECT_FALSE(why_too_old(std::nullopt, std::nullopt)) << "no catalogue has said when it was signed";
    EXPECT_FALSE(why_too_old(noon, std::nullopt));
    EXPECT_FALSE(why_too_old(noon, noon)) << "the same one, at every start";
    EXPECT_FALSE(why_too_old(noon + Duration{1}, noon));
    EXPECT_EQ(why_too_old(noon - Duration{1}, noon),
              "it was signed at 2026-11-29T11:59:59.999Z, and this host has accepted one that was signed at "
              "2026-11-29T12:00:00.000Z; if it is the older one that is wanted, sign it anew");
    EXPECT_THAT(why_too_old(std::nullopt, noon).value_or(""),
                ::testing::StartsWith("it does not say when it was signed, and this host has accepted one"));
}

TEST(CatalogueAge, IsRememberedButNeverOneThatLiesAhead) {
    const testing::TemporaryDirectory folder;
    EXPECT_FALSE(newest_accepted_catalogue(folder.path()).value()) << "no state yet";
    const auto store = StateStore::open(folder.path(), OpenMode::create, noon).value();
    LoadedAgent loaded;
    const auto remembered = [&](std::optional<WallTime> issued_at) {
        loaded.catalogue_issued_at = issued_at;
        remember_catalogue(loaded, store->memory(), noon);
        return newest_accepted_catalogue(folder.path()).value();
    };
    EXPECT_EQ(remembered(std::nullopt), std::nullopt);
    EXPECT_EQ(remembered(noon - Duration{5}), noon - Duration{5});
    EXPECT_EQ(remembered(noon - Duration{9}), noon - Duration{5}) << "it never moves back";
    EXPECT_EQ(remembered(noon + std::chrono::days{900}), noon);
}

}  // namespace
}  // namespace agent
