#include "base/handle.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>

namespace agent {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    return ends;
}

TEST(Descriptor, ClosesWhatItOwnsOnce) {
    const auto ends = make_pipe();
    {
        Descriptor reader{ends[0]};
        const Descriptor moved{std::move(reader)};
        EXPECT_EQ(moved.get(), ends[0]);
        EXPECT_TRUE(is_open(ends[0]));
    }
    EXPECT_FALSE(is_open(ends[0]));
    Descriptor writer{ends[1]};
    EXPECT_EQ(writer.release(), ends[1]);
    EXPECT_FALSE(writer.valid());
    writer = Descriptor{};
    EXPECT_TRUE(is_open(ends[1]));
    ::close(ends[1]);
}

TEST(Descriptor, ClosesTheOldOneWhenItTakesAnother) {
    const auto ends = make_pipe();
    Descriptor one{ends[0]};
    Descriptor two{ends[1]};
    one = std::move(two);
    EXPECT_FALSE(is_open(ends[0]));
    EXPECT_TRUE(is_open(ends[1]));
    EXPECT_EQ(one.get(), ends[1]);
}

int releases = 0;
void count_release(int* number) {
    ++releases;
    delete number;
}

TEST(Handle, ReleasesByTheFunctionInItsType) {
    releases = 0;
    {
        const Handle<int, &count_release> handle{new int{1}};
        const Handle<int, &count_release> empty;
        static_assert(sizeof handle == sizeof(int*));
    }
    EXPECT_EQ(releases, 1);
}

}  // namespace
}  // namespace agent
