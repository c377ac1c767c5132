// Random runbooks of what can be taken back, by undos or by `rollback`, on random folders: whatever fails and wherever
// a run is cut short, the folder is afterwards as it was before, byte for byte, or as the runbook wants it. Fixed
// seeds, told with a failure.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

class Dice {
public:
    explicit Dice(unsigned seed) : engine_{seed} {}
    std::size_t below(std::size_t n) { return engine_() % n; }
    bool coin() { return below(2) == 0; }
    template <class T, std::size_t N>
    const T& one_of(const T (&things)[N]) {
        return things[below(N)];
    }

private:
    std::mt19937 engine_;  // the same everywhere, as distributions are not
};

// Everything of a file that an undo must bring back.
struct Known {
    mode_t mode{};  // with its kind
    uid_t uid{};
    gid_t gid{};
    std::string content;
    friend bool operator==(const Known&, const Known&) = default;
    friend void PrintTo(const Known& file, std::ostream* out) {
        *out << std::oct << file.mode << std::dec << ' ' << file.uid << ':' << file.gid << ' '
             << ::testing::PrintToString(file.content);
    }
};
using Folder = std::map<std::string, Known>;  // by path

Folder look_at_folder(const std::filesystem::path& folder) {
    Folder all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        struct stat facts {};
        if (lstat(entry.path().c_str(), &facts) != 0) throw std::runtime_error{"lstat"};
        all[entry.path().string()] = {facts.st_mode, facts.st_uid, facts.st_gid,
                                      S_ISREG(facts.st_mode) ? slurp(entry.path()) : ""};
    }
    return all;
}

const char* const file_names[] = {"a", "b", "c", "in/d", "in/e"};
const mode_t file_modes[] = {0400, 0600, 0640, 0644, 0755, 02750, 04755};
const uid_t owners[] = {0, 1, 65534};

// A step that can be taken back, and what becomes of the folder by it.
struct RandomStep {
    std::string yaml;
    std::function<void(Folder&)> effect;
    std::string rollback;  // where it has no undo
};

RandomStep random_install(Dice& dice, const std::filesystem::path& host) {
    const auto path = (host / dice.one_of(file_names)).string();
    const auto mode = dice.one_of(file_modes);
    const auto content = std::string(dice.below(3) * 40, static_cast<char>('a' + dice.below(3)));
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    if (geteuid() == 0 && dice.coin()) uid = dice.one_of(owners);  // nobody else may give files away
    if (geteuid() == 0 && dice.coin()) gid = dice.one_of(owners);
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(mode));
    auto yaml = "  - {action: file.install, path: " + path + ", mode: \"" + octal + "\", content: \"" + content + '"';
    if (uid) yaml += ", owner: \"" + std::to_string(*uid) + '"';
    if (gid) yaml += ", group: \"" + std::to_string(*gid) + '"';
    return {yaml + "}\n",
            [=](Folder& folder) {
                const auto [place, fresh] = folder.try_emplace(path);
                auto& file = place->second;
                const Known before = fresh ? Known{0, geteuid(), getegid(), {}} : file;
                file = {S_IFREG | mode, uid.value_or(before.uid), gid.value_or(before.gid), content};
            },
            {}};
}

// No undo knows of this file.
RandomStep random_command(Dice& dice, const std::filesystem::path& host) {
    const auto path = (host / "made").string();
    const auto [mode, octal] = dice.coin() ? std::pair{mode_t{0640}, "0640"} : std::pair{mode_t{0600}, "0600"};
    return {"  - {action: command.run, argv: [/usr/bin/install, -m, \"" + std::string{octal} + "\", /dev/null, " +
                path + "]}\n",
            [path, mode](Folder& folder) {
                folder[path] = {S_IFREG | mode, geteuid(), getegid(), {}};
            },
            "  - {action: command.run, argv: [/bin/rm, -f, " + path + "]}\n"};
}

// One line an action.
const std::function<RandomStep(Dice&, const std::filesystem::path&)> reversible_actions[] = {
    &random_install,
    &random_install,
    &random_command,
};

enum class Failure { none, step, check, journal };
constexpr Failure failures[] = {Failure::none, Failure::step, Failure::check, Failure::journal};

struct Cut {};  // stands for a kill: everything in memory is gone

// Refuses, or is killed in, one of its calls.
class WorseJournal final : public RunJournal {
public:
    std::optional<std::size_t> refuses_at;
    std::optional<std::size_t> cut_at;
    bool cut_before_it_is_written{};
    bool has_refused_a_step{};
    KeptJournal kept;

    Result<> keep_rollback(const std::vector<RollbackStep>& steps) override {
        const auto call = calls_++;
        if (call == refuses_at) {
            has_refused_a_step = true;
            return Error{Errc::storage, "the disk is full"};
        }
        return written(call, [&] { return kept.keep_rollback(steps); });
    }
    Result<> begin_step(const BegunStep& step) override {
        const auto call = calls_++;
        if (call == refuses_at) {
            has_refused_a_step = true;
            return Error{Errc::storage, "the disk is full"};
        }
        return written(call, [&] { return kept.begin_step(step); });
    }
    Result<> end_step(const EndedStep& ended) override {
        const auto call = calls_++;
        if (call == refuses_at) return Error{Errc::storage, "the disk is full"};
        return written(call, [&] { return kept.end_step(ended); });
    }
    Result<> enter(RunState state) override {
        const auto call = calls_++;
        if (call == refuses_at) return Error{Errc::storage, "the disk is full"};
        return written(call, [&] { return kept.enter(state); });
    }
    Result<bool> confirm() override { return kept.confirm(); }

private:
    template <class Write>
    Result<> written(std::size_t call, const Write& write) {
        if (call == cut_at && cut_before_it_is_written) throw Cut{};
        auto done = write();
        if (call == cut_at) throw Cut{};
        return done;
    }
    std::size_t calls_{};
};

class RandomRunbooks : public HealingTest {
protected:
    // One host, one runbook, and what is to become of them.
    struct Trial {
        const Runbook* runbook{};
        Folder before;
        Folder wanted;
        std::string text;  // of the runbook
    };

    Trial roll(Dice& dice, Failure failure) {
        make_host(dice);
        Trial trial;
        trial.before = look_at_folder(host());
        trial.wanted = trial.before;
        const auto count = 1 + dice.below(6);
        const auto failing = dice.below(count + 1);
        std::string rollback;
        trial.text = failure == Failure::check || dice.coin() ? "repairs: motd\nsteps:\n" : "steps:\n";
        for (std::size_t i = 0; i <= count; ++i) {
            if (failure == Failure::step && i == failing)
                trial.text += "  - {action: command.run, argv: [/bin/false], changes: false}\n";
            if (i == count) break;
            const auto step = dice.one_of(reversible_actions)(dice, host());
            trial.text += step.yaml;
            step.effect(trial.wanted);
            if (rollback.empty()) rollback = step.rollback;
        }
        if (!rollback.empty()) trial.text += "rollback:\n" + rollback;
        check_results = {CheckResult::drift, failure == Failure::check ? CheckResult::drift : CheckResult::pass};
        trial.runbook = &runbook(trial.text);
        return trial;
    }

    EvidenceDraft carry_out(const Runbook& runbook, RunJournal& with) {
        auto healing = engine();
        const LocalMandate mandate{Trigger::manual, Value{Value::Object{}}};
        return run(io, healing.apply(runbook, &mandate, with, confirmation));
    }
    EvidenceDraft recover(const Trial& trial, OpenRun cut, RunJournal& with) {
        cut.header.runbook = trial.runbook->id;
        cut.header.runbook_sha256 = trial.runbook->sha256;
        auto healing = engine();
        return run(io, healing.finish(cut, trial.runbook, with));
    }
    void expect_all_or_nothing(const Trial& trial, const EvidenceDraft& draft) {
        const auto said = draft.error.value_or("");
        EXPECT_EQ(look_at_folder(host()), draft.outcome == Outcome::success ? trial.wanted : trial.before) << said;
        EXPECT_NE(draft.severity, Severity::critical) << said;  // nothing is left changed
    }
    [[nodiscard]] std::filesystem::path host() const { return folder.path() / "host"; }

private:
    void make_host(Dice& dice) const {
        std::filesystem::remove_all(host());
        std::filesystem::create_directories(host() / "in");
        for (const std::string name : file_names) {
            if (dice.coin()) continue;
            const auto file =
                folder.write("host/" + name, std::string(dice.below(50), static_cast<char>(dice.below(256))));
            if (geteuid() == 0 && chown(file.c_str(), dice.one_of(owners), dice.one_of(owners)) != 0)
                throw std::runtime_error{"chown"};
            if (chmod(file.c_str(), dice.one_of(file_modes)) != 0) throw std::runtime_error{"chmod"};
        }
    }
};

TEST_F(RandomRunbooks, LeaveTheHostAsItWasOrAsWantedWhateverFails) {
    std::map<Outcome, int> seen;
    for (unsigned seed = 1; seed <= 50; ++seed) {
        Dice dice{seed};
        const auto failure = dice.one_of(failures);
        const auto trial = roll(dice, failure);
        SCOPED_TRACE("seed " + std::to_string(seed) + '\n' + trial.text);
        WorseJournal worse;
        if (failure == Failure::journal) worse.refuses_at = dice.below(6);
        const auto draft = carry_out(*trial.runbook, worse);
        expect_all_or_nothing(trial, draft);
        const bool must_fail = failure == Failure::step || failure == Failure::check || worse.has_refused_a_step;
        EXPECT_EQ(draft.outcome != Outcome::success, must_fail) << draft.error.value_or("");
        ++seen[draft.outcome];
        if (HasFailure()) return;
    }
    EXPECT_GT(seen[Outcome::success], 5);
    EXPECT_GT(seen[Outcome::reverted], 10);
}

TEST_F(RandomRunbooks, LeaveTheHostAsItWasOrAsWantedWhereverTheyAreCutShort) {
    std::map<Outcome, int> seen;
    int cuts = 0;
    for (unsigned seed = 1001; seed <= 1050; ++seed) {
        Dice dice{seed};
        const auto trial = roll(dice, dice.one_of(failures));
        SCOPED_TRACE("seed " + std::to_string(seed) + '\n' + trial.text);
        WorseJournal worse;
        worse.cut_at = dice.below(10);
        worse.cut_before_it_is_written = dice.coin();
        try {
            carry_out(*trial.runbook, worse);  // to its end, but killed before that was recorded
        } catch (const Cut&) {
            ++cuts;
        }
        if (worse.kept.run.steps.empty()) {  // an order that never began
            EXPECT_EQ(look_at_folder(host()), trial.before);
            continue;
        }
        WorseJournal while_recovering;
        if (dice.coin()) while_recovering.cut_at = 0;
        try {
            recover(trial, worse.kept.run, while_recovering);
        } catch (const Cut&) {
        }
        KeptJournal last;
        const auto draft = recover(trial, worse.kept.run, last);
        expect_all_or_nothing(trial, draft);
        ++seen[draft.outcome];
        if (HasFailure()) return;
    }
    EXPECT_GT(cuts, 20);
    EXPECT_GT(seen[Outcome::success], 0);
    EXPECT_GT(seen[Outcome::reverted], 20);
}

}  // namespace
}  // namespace agent::testing
