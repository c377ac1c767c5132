// The store survives any instant: a writer is killed in the middle of its commits, again and again.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <cstdint>

#include "base/handle.hpp"
#include "state_fixture.hpp"

namespace agent {
namespace {

using testing::append_bundle;
using testing::open_state;

// Writes bundles and acknowledges every second one for ever; tells over `out` what is durable, after it is.
[[noreturn]] void write_for_ever(const std::filesystem::path& folder, int out) {
    auto store = open_state(folder);
    for (;;) {
        const auto id = append_bundle(*store);
        if (id.has_error()) ::_exit(1);
        const auto head = store->evidence().head().value();
        if (head.sequence % 2 == 0 && store->evidence().acknowledge({{id.value(), "r"}}).has_error()) ::_exit(1);
        if (::write(out, &head.sequence, sizeof head.sequence) != sizeof head.sequence) ::_exit(1);
    }
}

// Kills the writer as soon as it has reported `reports` commits; gives the last sequence it reported.
std::int64_t run_and_kill(const std::filesystem::path& folder, int reports) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return -1;
    Descriptor in{ends[0]};
    Descriptor out{ends[1]};
    const auto child = ::fork();
    if (child == 0) write_for_ever(folder, out.get());
    out.reset();
    std::int64_t told = 0;
    for (int i = 0; i < reports; ++i)
        if (::read(in.get(), &told, sizeof told) != sizeof told) break;
    ::kill(child, SIGKILL);
    std::int64_t later = 0;
    while (::read(in.get(), &later, sizeof later) == sizeof later) told = later;
    ::waitpid(child, nullptr, 0);
    return told;
}

TEST(KilledWriter, LosesNoCommittedBundleAndBreaksNoChain) {
    testing::TemporaryDirectory folder;
    std::string epoch;
    for (int round = 1; round <= 20; ++round) {
        const auto told = run_and_kill(folder.path(), round);
        ASSERT_GT(told, 0);
        auto store = open_state(folder.path());
        const auto head = store->evidence().head().value();
        EXPECT_GE(head.sequence, told);
        EXPECT_TRUE(epoch.empty() || head.epoch == epoch) << "the file was set aside";
        epoch = head.epoch;
    }
    auto store = open_state(folder.path());
    std::string previous(64, '0');
    std::int64_t position = 0;
    std::int64_t sequence = 0;
    std::int64_t waiting = 0;
    for (;;) {
        const auto next = store->evidence().next(position).value();
        if (!next) break;
        ASSERT_EQ(next->bundle.chain.sequence, ++sequence);
        ASSERT_EQ(next->bundle.chain.previous_sha256, previous);
        ASSERT_EQ(next->bundle.sha256, sha256_hex(next->bundle.bytes));
        ASSERT_EQ(next->state == UploadState::sent, next->receipt.has_value());
        waiting += next->state == UploadState::waiting ? 1 : 0;
        previous = next->bundle.sha256;
        position = next->position;
    }
    EXPECT_EQ(sequence, store->evidence().head().value().sequence);
    EXPECT_EQ(waiting, store->evidence().figures().value().waiting);
}

}  // namespace
}  // namespace agent
