#include "healing/apt.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/fields.hpp"
#include "drift/patching/ask_apt.hpp"

namespace agent {
namespace {

constexpr std::size_t output_most = 4UL * 1024UL * 1024UL;  // some 30,000 upgrades
constexpr Duration lock_wait{std::chrono::minutes{5}};
constexpr Duration least_left{std::chrono::minutes{1}};

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

// Neither a lock nor a cache nor a planner's log.
const std::vector<std::string> only_looking{"-o", "Debug::NoLocking=true",    "-o", "Dir::Cache::pkgcache=",
                                            "-o", "Dir::Cache::srcpkgcache=", "-o", "Dir::Log::Planner=/dev/null"};

std::set<std::string, std::less<>> lines_of(std::string_view text) {
    std::set<std::string, std::less<>> lines;
    for (const auto line : fields_of(text, '\n')) lines.emplace(line);
    return lines;
}

}  // namespace

std::string complaint_of(const CommandExit& exit) {
    const auto text = exit.standard_error.head + exit.standard_error.tail;
    const auto lines = fields_of(text, '\n');
    const auto named = std::ranges::find_if(lines, [](std::string_view line) { return line.starts_with("E: "); });
    const auto said = named != lines.end() ? named->substr(3) : lines.empty() ? std::string_view{} : lines.back();
    return "status " + std::to_string(exit.status) + (said.empty() ? std::string{} : ": " + quoted(said));
}

Apt::Apt(const ActionTools& tools, AptHost host, Duration limit)
    : tools_{tools}, host_{std::move(host)}, due_{tools.time.mono_now() + limit} {}

Command Apt::command(std::filesystem::path program, std::vector<std::string> arguments) const {
    Command command;
    command.program = std::move(program);
    command.arguments = std::move(arguments);
    // Looking again, and what comes after a change that took too long, has a moment still.
    command.deadline = std::max(least_left, due_ - tools_.time.mono_now());
    command.head_limit = output_most;
    command.environment = {"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none"};
    return command;
}

Task<std::string> Apt::ask(std::filesystem::path program, std::vector<std::string> arguments) {
    const auto name = program.filename().string();
    auto question = command(std::move(program), std::move(arguments));
    auto ran = co_await tools_.processes.run(std::move(question));
    AGENT_CO_TRY(auto exit, in_context(std::move(ran), name));
    if (exit.status != 0) co_return Error{Errc::refused, name + " ended with " + complaint_of(exit)};
    if (!exit.standard_output.complete() || !exit.standard_output.tail.empty())
        co_return Error{Errc::malformed, name + " printed more than " + std::to_string(output_most) + " bytes"};
    co_return std::move(exit.standard_output.head);
}

Task<InstalledPackages> Apt::installed() {
    std::vector<std::string> own{"--print-architecture"};
    auto native = co_await ask(host_.dpkg, std::move(own));
    AGENT_CO_TRY(auto architecture, std::move(native));
    while (architecture.ends_with('\n')) architecture.pop_back();
    std::vector<std::string> all{"--show", "--showformat=" + std::string{InstalledPackages::format}};
    auto shown = co_await ask(host_.dpkg_query, std::move(all));
    AGENT_CO_TRY(const auto text, std::move(shown));
    co_return InstalledPackages::parse(text, std::move(architecture));
}

Task<std::set<std::string, std::less<>>> Apt::automatic() {
    std::vector<std::string> arguments{"showauto"};
    auto shown = co_await ask(host_.apt_mark, std::move(arguments));
    AGENT_CO_TRY(const auto text, std::move(shown));
    co_return lines_of(text);
}

Task<std::vector<std::string>> Apt::pending_security() {
    RoundFacts facts;
    CheckTools tools{tools_.processes, tools_.units, tools_.time, facts, std::nullopt, due_};
    std::optional<KeptAnswer> nothing_kept;
    auto asked = co_await ask_apt(tools, host_, nothing_kept);
    AGENT_CO_TRY(auto answer, std::move(asked));
    AGENT_CO_TRY(const auto simulation, std::move(answer.simulation));
    std::vector<std::string> words;
    for (const auto& upgrade : simulation.security) words.push_back(upgrade.package + '=' + upgrade.candidate);
    co_return words;
}

Task<std::vector<AptChange>> Apt::simulate(std::vector<std::string> options, std::vector<std::string> words) {
    std::vector<std::string> arguments{"--simulate"};
    append(arguments, only_looking);
    append(arguments, options);
    arguments.emplace_back("install");
    append(arguments, words);
    auto asked = co_await ask(host_.apt_get, std::move(arguments));
    AGENT_CO_TRY(const auto text, std::move(asked));
    co_return parse_apt_changes(text);
}

// 'URI' FILE SIZE DIGEST, a line each.
Task<std::set<std::string, std::less<>>> Apt::obtainable(std::vector<std::string> words) {
    std::vector<std::string> arguments{"--quiet=2", "--print-uris", "--reinstall"};
    append(arguments, only_looking);
    arguments.emplace_back("install");
    append(arguments, words);
    auto asked = co_await ask(host_.apt_get, std::move(arguments));
    AGENT_CO_TRY(const auto text, std::move(asked));
    std::set<std::string, std::less<>> files;
    for (const auto line : fields_of(text, '\n'))
        if (const auto fields = words_of(line); fields.size() >= 2) files.emplace(fields[1]);
    co_return files;
}

Command Apt::installation(const std::vector<std::string>& options, const std::vector<std::string>& words) const {
    const auto wait = std::chrono::duration_cast<std::chrono::seconds>(lock_wait).count();
    std::vector<std::string> arguments{"--quiet", "--assume-yes"};
    for (const std::string setting : {"Dpkg::Options::=--force-confdef", "Dpkg::Options::=--force-confold"})
        append(arguments, {"-o", setting});
    append(arguments, {"-o", "DPkg::Lock::Timeout=" + std::to_string(wait)});
    append(arguments, options);
    arguments.emplace_back("install");
    append(arguments, words);
    auto installation = command(host_.apt_get, std::move(arguments));
    installation.when_orphaned = WhenOrphaned::awaited;
    return installation;
}

Task<CommandExit> Apt::carry_out(Command installation) {
    auto ran = co_await tools_.processes.run(std::move(installation));
    co_return in_context(std::move(ran), "apt-get");
}

Task<> Apt::fetch(std::vector<std::string> options, std::vector<std::string> words) {
    options.emplace_back("--download-only");
    auto whole = installation(options, words);
    auto carried_out = co_await carry_out(std::move(whole));
    AGENT_CO_TRY(const auto exit, std::move(carried_out));
    if (exit.status == 0) co_return ok();
    co_return Error{Errc::unreachable, "apt-get ended with " + complaint_of(exit)};
}

Task<> Apt::mark_automatic(std::vector<std::string> packages) {
    if (packages.empty()) co_return ok();
    packages.insert(packages.begin(), "auto");
    auto marked = co_await ask(host_.apt_mark, std::move(packages));
    if (marked.has_error()) co_return std::move(marked).error();
    co_return ok();
}

Task<> Apt::finish_interrupted() {
    std::vector<std::string> arguments{"--force-confdef", "--force-confold", "--configure", "--pending"};
    auto configure = command(host_.dpkg, std::move(arguments));
    configure.when_orphaned = WhenOrphaned::awaited;
    auto ran = co_await tools_.processes.run(std::move(configure));
    if (ran.has_error()) co_return std::move(ran).error();
    co_return ok();
}

}  // namespace agent
