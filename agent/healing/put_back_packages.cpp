// The undo of package.upgrade: the former versions from the files that were kept, and without what was new. It needs no
// network.
#include <algorithm>

#include "healing/actions.hpp"
#include "healing/apt.hpp"
#include "healing/patched_host.hpp"

namespace agent {
namespace {

std::string by_hand(const Upgrade& upgrade) {
    std::string words{"apt-get install --allow-downgrades"};
    for (const auto& change : upgrade.changes) {
        words += ' ';
        words += change.package;
        words += change.from.empty() ? std::string{"-"} : '=' + change.from;
    }
    return words;
}

std::string describe_packages(const Value& saved) {
    const auto upgrade = read_upgrade(saved);
    if (upgrade.has_error()) return upgrade.error().message();
    std::string words{"put back"};
    for (const auto& change : upgrade.value().changes) {
        words += words.ends_with("back") ? " " : ", ";
        words += change.package;
        words += change.from.empty() ? std::string{" (was not installed)"} : ' ' + change.from;
    }
    return words;
}

// For apt-get install: the files of former versions, and "NAME-" of what was new.
Result<std::vector<std::string>> words_back(const Upgrade& upgrade, const InstalledPackages& installed) {
    std::vector<std::string> words;
    for (const auto& change : upgrade.changes) {
        const auto* state = installed.find(change.package);
        if (state == nullptr && change.from.empty()) continue;
        if (state != nullptr && state->words() == change.from) continue;
        std::error_code unknown;
        if (!change.from.empty() && !std::filesystem::is_regular_file(change.former_file, unknown))
            return Error{Errc::not_found,
                         change.former_file.string() + " is gone; find that package and run: " + by_hand(upgrade)};
        words.push_back(change.from.empty() ? change.package + '-' : change.former_file.string());
    }
    return words;
}

Result<> check_way_back(const Upgrade& upgrade, const std::vector<AptChange>& changes) {
    for (const auto& change : changes) {
        const auto is_it = [&change](const PackageChange& one) { return one.package == change.package; };
        const auto ours = std::ranges::find_if(upgrade.changes, is_it);
        if (ours == upgrade.changes.end() || ours->from != change.to)
            return Error{Errc::refused,
                         "the way back would change " + change.package + ", too; by hand: " + by_hand(upgrade)};
    }
    return ok();
}

Task<> go_back(Apt& apt, const Upgrade& upgrade, const InstalledPackages& installed) {
    AGENT_CO_TRY(auto words, words_back(upgrade, installed));
    if (words.empty()) co_return ok();
    std::vector<std::string> options{"--allow-downgrades", "--no-download"};
    if (upgrade.purges) options.emplace_back("--purge");
    auto simulated = co_await apt.simulate(options, words);
    AGENT_CO_TRY(const auto changes, std::move(simulated));
    AGENT_CO_TRY(check_way_back(upgrade, changes));
    auto command = apt.installation(options, words);
    auto carried_out = co_await apt.carry_out(std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(carried_out));
    if (exit.status == 0) co_return ok();
    co_return Error{Errc::refused, "apt-get ended with " + complaint_of(exit) + "; by hand: " + by_hand(upgrade)};
}

Task<> mark_as_before(Apt& apt, const Upgrade& upgrade) {
    std::vector<std::string> packages;
    for (const auto& change : upgrade.changes)
        if (change.automatic && !change.from.empty()) packages.push_back(change.package);
    co_return co_await apt.mark_automatic(std::move(packages));
}

Task<Value> put_back_packages(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto upgrade, read_upgrade(saved));
    Apt apt{tools, patched_host(tools).host.apt, std::chrono::seconds{upgrade.timeout_sec}};
    auto looked = co_await apt.installed();
    AGENT_CO_TRY(auto installed, std::move(looked));
    if (versions_found(upgrade, installed) != versions_before(upgrade)) {
        if (upgrade.without_undo)
            co_return Error{Errc::refused, "the runbook says \"without_undo\"; by hand: " + by_hand(upgrade)};
        auto finished = co_await apt.finish_interrupted();
        if (finished.has_error()) co_return std::move(finished).error();
        auto once_more = co_await apt.installed();
        AGENT_CO_TRY(installed, std::move(once_more));
        auto back = co_await go_back(apt, upgrade, installed);
        if (back.has_error()) co_return std::move(back).error();
    }
    auto marked = co_await mark_as_before(apt, upgrade);
    if (marked.has_error()) co_return std::move(marked).error();
    auto last = co_await apt.installed();
    AGENT_CO_TRY(const auto after, std::move(last));
    co_return versions_found(upgrade, after);
}

}  // namespace

const Undo undo_of_package_upgrade{&describe_packages, &put_back_packages};

}  // namespace agent
