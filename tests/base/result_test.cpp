#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

namespace agent {
namespace {

Result<int> half_of(int number) {
    if (number % 2 != 0) return Error{Errc::malformed, "odd"};
    return number / 2;
}

Result<int> quarter_of(int number) {
    AGENT_TRY(const auto half, in_context(half_of(number), "halving"));
    return in_context(half_of(half), "halving again");
}

TEST(Result, CarriesTheValueOrTheErrorWithWhatWasBeingDone) {
    EXPECT_EQ(quarter_of(8).value(), 2);
    EXPECT_EQ(quarter_of(7).error(), (Error{Errc::malformed, "halving: odd"}));
    EXPECT_EQ(quarter_of(6).error(), (Error{Errc::malformed, "halving again: odd"}));
}

TEST(Result, MovesWhatCannotBeCopied) {
    const auto make = [] { return Result<std::unique_ptr<int>>{std::make_unique<int>(3)}; };
    EXPECT_EQ(*in_context(make(), "making").value(), 3);
    const Result<> nothing = ok();
    EXPECT_TRUE(nothing);
}

TEST(Error, OfTheSystemIsInWords) {
    EXPECT_EQ(system_error(ENOENT, "opening /x"), (Error{Errc::system, "opening /x: No such file or directory"}));
}

TEST(Error, HasAWordForEveryCode) {
    std::set<std::string_view> words;
    for (int code = 0; code <= static_cast<int>(Errc::system); ++code) words.insert(to_string(static_cast<Errc>(code)));
    EXPECT_EQ(words.size(), static_cast<std::size_t>(Errc::system) + 1);
    EXPECT_FALSE(words.contains("unknown"));
}

}  // namespace
}  // namespace agent
