// Killed at every sync of a disk, one after the other, and started again: host, ledger, journal and evidence agree.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "desk_fixture.hpp"

namespace {

// How many syncs this process lives through; negative: all. It ends before the next one, or right behind it.
int syncs_left = -1;
bool ends_behind = false;

int sync_unless_killed(long number, int file) {
    if (syncs_left == 0 && !ends_behind) ::_exit(1);
    const auto done = static_cast<int>(::syscall(number, file));
    if (syncs_left == 0) ::_exit(1);
    if (syncs_left > 0) --syncs_left;
    return done;
}

}  // namespace

// In place of the C library's, for us and for SQLite.
extern "C" int fsync(int file) { return sync_unless_killed(SYS_fsync, file); }
extern "C" int fdatasync(int file) { return sync_unless_killed(SYS_fdatasync, file); }

namespace agent::testing {
namespace {

class KilledAtEverySync : public DeskFixture {
protected:
    // `work` in a process of its own, which is killed at the sync of this number. False: it came to its end before.
    bool is_killed(int sync, bool behind, const std::function<void()>& work) {
        shut();
        io.notify_fork(asio::execution_context::fork_prepare);
        const auto child = ::fork();
        if (child == 0) {
            io.notify_fork(asio::execution_context::fork_child);
            syncs_left = sync;
            ends_behind = behind;
            open();
            work();
            ::_exit(0);
        }
        io.notify_fork(asio::execution_context::fork_parent);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << status;
        return WEXITSTATUS(status) == 1;
    }

    using Work = std::function<void(const OrderPayload&)>;
    // Each round drifts again and is ordered afresh. Gives the number of rounds that were killed.
    int kill_at_every_sync(Outcome goal) {
        return kill_at_every_sync(goal, [this](const OrderPayload& payload) {
            offer(payload);
            work();
        });
    }
    int kill_at_every_sync(Outcome goal, const Work& ordered) {
        int rounds = 0;
        for (const bool behind : {false, true}) {
            for (int sync = 0;; ++sync, ++rounds) {
                SCOPED_TRACE((behind ? "behind sync " : "before sync ") + std::to_string(sync));
                folder.write("target", "drifted\n");
                if (!witness.empty()) std::filesystem::remove(witness);
                const auto payload = order("o-" + std::to_string(rounds) + (behind ? "b" : "a"));
                const auto told_before = evidence().size();
                const bool killed = is_killed(sync, behind, [&] { ordered(payload); });
                open();
                // Recovery is killed as well: at its first, second, … sync.
                for (int again = 0; is_killed(again, behind, [this] { work(); }); ++again) {
                }
                open();
                work();
                expect_one_end(payload, told_before);
                if (HasFailure()) return rounds;
                if (!killed) {
                    EXPECT_EQ(outcomes_of(payload).front(), to_string(goal));
                    break;
                }
            }
        }
        return rounds;
    }

    void expect_one_end(const OrderPayload& payload, std::size_t told_before) {
        offer(payload);  // known, or, where it was never accepted, accepted now
        work();
        const auto outcomes = outcomes_of(payload);
        ASSERT_EQ(outcomes.size(), 1U);
        const auto bundles = evidence();
        const bool healed = std::any_of(bundles.begin() + static_cast<std::ptrdiff_t>(told_before), bundles.end(),
                                        [](const Value& bundle) { return text(bundle, "outcome") == "success"; });
        EXPECT_EQ(content(), healed ? "approved\n" : "drifted\n") << outcomes.front();
        EXPECT_TRUE(healed || outcomes.front() != "success");
        if (!witness.empty()) {
            EXPECT_EQ(seen_by_rollback(), outcomes.front() == "reverted" ? "drifted\n" : "");
        }
        EXPECT_TRUE(store->journal().open().value().empty());
        EXPECT_EQ(store->orders().find(payload.order_id).value()->outcome, outcomes.front());
    }
    void repair_in_vain(const std::string& rollback) {
        folder.write("runbooks/fix.yaml",
                     "id: RB-FIX-001\nname: Fix\ndescription: Puts the text back.\nseverity: low\ndisruptive: false\n"
                     "repairs: text\nsteps:\n  - action: file.install\n    path: " +
                         target.string() + "\n    mode: \"0644\"\n    content: |\n      approved\n" + rollback);
        configure(HealingMode::enforce);
        check_says = CheckResult::drift;
    }
    [[nodiscard]] std::string seen_by_rollback() const {
        std::ifstream file{witness};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    std::vector<std::string> outcomes_of(const OrderPayload& payload) {
        std::vector<std::string> outcomes;
        for (const auto& bundle : evidence())
            if (text(bundle, "order_id") == payload.order_id.str()) outcomes.push_back(text(bundle, "outcome"));
        return outcomes;
    }
    std::filesystem::path witness;  // of a rollback
};

TEST_F(KilledAtEverySync, AnOrderHasOneEndThatIsTrueOfTheHost) {
    EXPECT_GT(kill_at_every_sync(Outcome::success), 8) << "a sync each for acceptance, step, file, folder, end";
}

TEST_F(KilledAtEverySync, SoHasOneThatHelpsNothingAndIsPutBack) {
    repair_in_vain("");
    EXPECT_GT(kill_at_every_sync(Outcome::reverted), 12);
}

// "witness" is what the rollback found in the target.
TEST_F(KilledAtEverySync, SoHasOneWhoseRollbackComesBehindTheUndo) {
    witness = folder.path() / "witness";
    repair_in_vain("rollback:\n  - {action: command.run, argv: [/bin/cp, " + target.string() + ", " + witness.string() +
                   "]}\n");
    EXPECT_GT(kill_at_every_sync(Outcome::reverted), 14);
}

// The order may end as interrupted while the drift's run, which is recovered apart, is found to have succeeded.
TEST_F(KilledAtEverySync, SoHasOneThatJoinsTheRunOfADrift) {
    declare("enforce");
    const auto ordered = [this](const OrderPayload& payload) {
        during_next_check = [this, offer = Offer{payload.order_id.str(), signed_by(order_key, payload)}]() -> Task<> {
            auto delivered = co_await desk->deliver(offer);
            if (delivered.has_error()) co_return std::move(delivered).error();
            co_return ok();
        };
        note(CheckResult::drift);
        work();
    };
    EXPECT_GT(kill_at_every_sync(Outcome::success, ordered), 8) << "a sync each for run, acceptance, step, file, end";
}

}  // namespace
}  // namespace agent::testing
