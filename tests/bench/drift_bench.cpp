// What a drift pass costs beside cf-agent: CPU of this process and of the programs that checks run, told apart, in
// strict alternation with `cf-agent -KI` on a policy that does nothing. drift_pass.py prepares a host for it.
//
//   drift_bench cpu BASELINE POLICY [ROUNDS]     then each check by itself
//   drift_bench passes BASELINE                  a pass for each line of standard input, "done" after each
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "async/system_time_source.hpp"
#include "drift/run_checks.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"
#include "support/run.hpp"

extern char** environ;

namespace agent {
namespace {

constexpr int usual_rounds = 15;
constexpr const char* cf_agent = "/usr/bin/cf-agent";

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "drift_bench: %s\n", why.c_str());
    std::exit(1);
}

double milliseconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double cpu_of(const rusage& usage) { return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime); }

double cpu_of(int who) {
    rusage usage{};
    getrusage(who, &usage);
    return cpu_of(usage);
}

struct Cost {
    double own{};
    double tools{};
};

class Host {
public:
    explicit Host(const char* file) {
        auto loaded = load_baseline(file);
        if (!loaded.baseline) give_up(loaded.faults.front().to_string());
        baseline = std::move(*loaded.baseline);
    }

    // Notes are kept from pass to pass, as the daemon does.
    Cost pass(const std::vector<CheckName>& only = {}) {
        const auto own = cpu_of(RUSAGE_SELF);
        const auto tools = cpu_of(RUSAGE_CHILDREN);
        RoundParts parts{time_,        processes_,
                         units_,       Duration{60'000},
                         std::nullopt, [this](const CheckName& name) { return notes_[name.str()]; },
                         nullptr};
        auto outcomes = testing::run(io_, run_checks(baseline, only, std::move(parts)));
        if (outcomes.has_error()) give_up(outcomes.error().message());
        for (auto& outcome : outcomes.value()) {
            const auto name = outcome.report.name.str();
            results[name] = std::string{to_string(outcome.report.result)} + "  " + outcome.report.reason;
            notes_[name] = std::move(outcome.notes);
        }
        return {cpu_of(RUSAGE_SELF) - own, cpu_of(RUSAGE_CHILDREN) - tools};
    }

    Baseline baseline;
    std::map<std::string, std::string> results;

private:
    asio::io_context io_{1};
    SystemTimeSource time_;
    PosixProcessRunner processes_{time_};
    SystemdUnits units_{time_};
    std::map<std::string, std::string> notes_;
};

double run_cf_agent(const std::string& policy) {
    std::vector<std::string> words{cf_agent, "-KI", "-f", policy};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files{};
    posix_spawn_file_actions_init(&files);
    for (const int number : {1, 2}) posix_spawn_file_actions_addopen(&files, number, "/dev/null", 1, 0);
    pid_t pid{};
    if (posix_spawn(&pid, cf_agent, &files, nullptr, argv.data(), environ) != 0)
        give_up("cf-agent does not start; install the package cfengine3");
    posix_spawn_file_actions_destroy(&files);
    int status{};
    rusage usage{};
    wait4(pid, &status, 0, &usage);
    if (status != 0) give_up("cf-agent ended with wait status " + std::to_string(status));
    return cpu_of(usage);
}

struct Figures {
    std::vector<double> values;
    void print(const char* what) {
        std::ranges::sort(values);
        std::printf("%-44s %8.2f ms   (%.2f to %.2f)\n", what, median(), values.front(), values.back());
    }
    [[nodiscard]] double median() {
        std::ranges::sort(values);
        return values.at(values.size() / 2);
    }
};

void compare_cpu(Host& host, const std::string& policy, int rounds) {
    host.pass();
    static_cast<void>(run_cf_agent(policy));
    Figures own;
    Figures tools;
    Figures peer;
    Figures again;
    for (int i = 0; i < rounds; ++i) {
        const auto cost = host.pass();
        own.values.push_back(cost.own);
        peer.values.push_back(run_cf_agent(policy));
        tools.values.push_back(cost.tools);
        again.values.push_back(run_cf_agent(policy));
    }
    own.print("a pass, the agent itself");
    tools.print("a pass, programs that checks run");
    peer.print("cf-agent -KI, nothing to do");
    std::printf("agent / cf-agent %.3f   agent with its programs / cf-agent %.2f   cf-agent / cf-agent %.3f\n",
                own.median() / peer.median(), (own.median() + tools.median()) / peer.median(),
                again.median() / peer.median());
    for (const auto& check : host.baseline.checks) {
        const auto& name = check->settings().name;
        Figures alone;
        Figures programs;
        for (int i = 0; i < rounds; ++i) {
            const auto cost = host.pass({name});
            alone.values.push_back(cost.own);
            programs.values.push_back(cost.tools);
        }
        std::printf("  %-22s %8.2f ms %8.2f ms   %s\n", name.str().c_str(), alone.median(), programs.median(),
                    host.results[name.str()].c_str());
    }
}

void pass_for_each_line(Host& host) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        host.pass();
        std::cout << "done" << std::endl;
    }
}

int main_of(const std::vector<std::string_view>& words) {
    if (words.size() == 3 && words[1] == "passes") {
        Host host{words[2].data()};
        pass_for_each_line(host);
        return 0;
    }
    if (words.size() < 4 || words[1] != "cpu") give_up("cpu BASELINE POLICY [ROUNDS], or passes BASELINE");
    int rounds = usual_rounds;
    if (words.size() > 4) std::from_chars(words[4].data(), words[4].data() + words[4].size(), rounds);
    Host host{words[2].data()};
    compare_cpu(host, std::string{words[3]}, std::max(rounds, 1));
    return 0;
}

}  // namespace
}  // namespace agent

int main(int count, char** words) { return agent::main_of({words, words + count}); }
