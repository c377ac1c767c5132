#include "drift/patching/ask_apt.hpp"

#include <utility>

#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "drift/patching/file_stamps.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

// 4 MiB are some 30,000 upgrades; what prints more is not apt.
constexpr std::size_t output_most = 4UL * 1024UL * 1024UL;
constexpr std::size_t status_most = 64UL * 1024UL * 1024UL;

Command simulate_upgrade(const AptHost& host) {
    Command command;
    command.program = host.apt_get;
    // dist-upgrade and not upgrade: a fix that needs another package removed is pending too, and nothing is carried
    // out. Holds and phases are ignored, since what they keep back is still missing. No lock, and neither a cache nor a
    // planner's log written: apt-get run by root would otherwise renew /var/cache/apt and /var/log/apt/eipp.log.xz.
    command.arguments = {"--simulate",  "--ignore-hold",
                         "-o",          "Debug::NoLocking=true",
                         "-o",          "Dir::Cache::pkgcache=",
                         "-o",          "Dir::Cache::srcpkgcache=",
                         "-o",          "Dir::Log::Planner=/dev/null",
                         "-o",          "APT::Get::Always-Include-Phased-Updates=true",
                         "dist-upgrade"};
    command.head_limit = output_most;
    return command;
}

std::string first_line(const CapturedOutput& output) {
    return agent::quoted(output.head.substr(0, output.head.find('\n')));
}

Result<AptSimulation> understand(const Result<CommandExit>& exit) {
    if (exit.has_error()) return exit.error();
    if (exit.value().status != 0)
        return Error{Errc::system, "apt-get ended with status " + std::to_string(exit.value().status) + ": " +
                                       first_line(exit.value().standard_error)};
    const auto& output = exit.value().standard_output;
    if (!output.complete() || !output.tail.empty())
        return Error{Errc::malformed, "apt-get printed more than " + std::to_string(output_most) + " bytes"};
    return parse_apt_simulation(output.head);
}

// Not by way of the round's facts: what is kept must have been read after its stamps were taken.
Result<DpkgView> look_at_dpkg(const AptHost& host) {
    AGENT_TRY(const auto status, read_file(host.dpkg_status, status_most));
    return parse_dpkg_status(status);
}

// Everything that decides the answer: the program, how it is called, and what it reads.
Result<std::string> inputs_of(const AptHost& host, const Command& command) {
    std::vector<std::filesystem::path> files{host.apt_get, host.lists, host.dpkg_status};
    files.insert(files.end(), host.settings.begin(), host.settings.end());
    AGENT_TRY(auto text, stamps_of(files));
    for (const auto& argument : command.arguments) text += ' ' + argument;
    return sha256_hex(text);
}

// What changed meanwhile may be in the answer or not: that one is not kept.
void keep(const AptAnswer& answer, const Result<std::string>& before, const Result<std::string>& after,
          std::optional<KeptAnswer>& kept) {
    if (answer.simulation.has_error() || answer.dpkg.has_error()) return;
    kept.reset();
    const bool same = before.has_value() && after.has_value() && before.value() == after.value();
    if (!same || answer.simulation.value().security.size() > kept_upgrades_most) return;
    kept = KeptAnswer{after.value(), answer.made, answer.simulation.value(), answer.dpkg.value()};
}

}  // namespace

Task<AptAnswer> ask_apt(CheckTools& tools, const AptHost& host, std::optional<KeptAnswer>& kept) {
    auto command = simulate_upgrade(host);
    command.deadline = tools.patience();
    const auto before = inputs_of(host, command);
    const auto now = tools.time.wall_now();
    if (kept && before.has_value() && still_holds(*kept, before.value(), now)) {
        AptAnswer known{kept->simulation, kept->dpkg, kept->made};
        co_return known;
    }
    const auto asked = command;
    const auto exit = co_await tools.processes.run(std::move(command));
    if (exit.has_error() && exit.error().code() == Errc::cancelled) co_return exit.error();
    AptAnswer answer{understand(exit), look_at_dpkg(host), now};
    keep(answer, before, inputs_of(host, asked), kept);
    co_return answer;
}

}  // namespace agent
