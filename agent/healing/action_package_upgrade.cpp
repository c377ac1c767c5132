// package.upgrade: apt, security upgrades or packages by name, in exactly the versions of the plan. Nothing is ever
// removed for it. The undo is in put_back_packages.cpp.
#include <algorithm>

#include "base/text.hpp"
#include "healing/actions.hpp"
#include "healing/apt.hpp"
#include "healing/kept_output.hpp"
#include "healing/patched_host.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

constexpr Duration looking_most{std::chrono::minutes{5}};

struct UpgradeRule {
    std::vector<Template> packages;  // empty: security upgrades
    bool without_undo{};
    Duration timeout{std::chrono::minutes{30}};
};

Error no_former_file(const PackageChange& change) {
    return {Errc::refused,
            change.package + ' ' + change.from +
                " is to be had no more, so that the upgrade could not be undone; nothing was done. Put " +
                change.former_file.string() +
                " there, install dpkg-repack, which makes it anew, or give up the undo by \"without_undo: true\""};
}

Result<> check_changes(const std::vector<AptChange>& changes, const InstalledPackages& installed) {
    for (const auto& change : changes) {
        if (change.to.empty())
            return Error{Errc::refused,
                         "apt-get would remove " + change.package + "; upgrade by hand: apt-get dist-upgrade"};
        if (!is_package_name(change.package))
            return Error{Errc::malformed, "apt-get named a package " + agent::quoted(change.package)};
        const auto* state = installed.find(change.package);
        if ((state == nullptr) != change.from.empty())
            return Error{Errc::refused, "apt-get and dpkg do not agree whether " + change.package + " is installed"};
        if (state != nullptr && state->on_hold)
            return Error{Errc::refused,
                         change.package + " is on hold; to release it: apt-mark unhold " + change.package};
    }
    return ok();
}

class PackageUpgrade final : public Action {
public:
    explicit PackageUpgrade(UpgradeRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "package.upgrade"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return !rule_.without_undo; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        Apt apt{tools, patched_host(tools).host.apt, looking_most};
        auto looked = co_await look(apt, params);
        AGENT_CO_TRY(const auto upgrade, std::move(looked));
        PlanStep step;
        step.action = name();
        step.current = versions_before(upgrade);
        step.desired = versions_wanted(upgrade);
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& params) override {
        Apt apt{tools, patched_host(tools).host.apt, looking_most};
        auto looked = co_await look(apt, params);
        AGENT_CO_TRY(const auto upgrade, std::move(looked));
        co_return std::optional{value_of_upgrade(upgrade)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto upgrade, read_upgrade(saved.value_or(Value{})));
        Apt apt{tools, patched_host(tools).host.apt, rule_.timeout};
        auto looked = co_await look(apt, params);
        AGENT_CO_TRY(const auto now, std::move(looked));
        if (now != upgrade)
            co_return Error{Errc::refused,
                            "the packages, or the versions that are offered, changed while they were looked at"};
        auto fetched = co_await fetch(apt, upgrade);
        if (fetched.has_error()) co_return std::move(fetched).error().in_context("fetching packages");
        auto outcome = co_await install(apt, upgrade);
        co_return outcome;
    }

private:
    [[nodiscard]] Result<std::vector<std::string>> names(const Value& params,
                                                         const InstalledPackages& installed) const {
        std::vector<std::string> filled;
        for (const auto& package : rule_.packages) {
            AGENT_TRY(auto text, package.fill(params));
            if (!is_package_name(text)) return Error{Errc::malformed, "not the name of a package: " + quoted(text, 64)};
            if (installed.find(text) == nullptr) return Error{Errc::refused, text + " is not installed"};
            filled.push_back(std::move(text));
        }
        return filled;
    }

    // What would be done now.
    [[nodiscard]] Task<Upgrade> look(Apt& apt, const Value& params) const {
        auto shown = co_await apt.installed();
        AGENT_CO_TRY(const auto installed, std::move(shown));
        if (const auto unfinished = installed.unfinished())
            co_return Error{Errc::refused,
                            "dpkg was interrupted, " + *unfinished +
                                "; run: dpkg --configure --pending, and if that fails: apt-get -f install"};
        auto simulated = co_await simulate(apt, params, installed);
        AGENT_CO_TRY(const auto changes, std::move(simulated));
        AGENT_CO_TRY(check_changes(changes, installed));
        if (changes.empty()) co_return Upgrade{};
        auto marks = co_await apt.automatic();
        AGENT_CO_TRY(const auto automatic, std::move(marks));

        Upgrade upgrade;
        upgrade.without_undo = rule_.without_undo;
        upgrade.timeout_sec = std::chrono::duration_cast<std::chrono::seconds>(rule_.timeout).count();
        upgrade.purges = true;
        for (const auto& change : changes) {
            PackageChange kept{change.package, change.from, change.to, {}, change.from.empty()};
            if (const auto* state = installed.find(change.package)) {
                kept.former_file = apt.host().archives / file_of_package(change.package, *state);
                kept.automatic = automatic.contains(change.package);
            } else if (installed.left_configuration(change.package)) {
                upgrade.purges = false;
            }
            upgrade.changes.push_back(std::move(kept));
        }
        std::ranges::sort(upgrade.changes, {}, &PackageChange::package);
        auto undoable = co_await check_undo(apt, upgrade);
        if (undoable.has_error()) co_return std::move(undoable).error();
        co_return upgrade;
    }

    [[nodiscard]] Task<std::vector<AptChange>> simulate(Apt& apt, const Value& params,
                                                        const InstalledPackages& installed) const {
        std::vector<std::string> options{"--no-remove"};
        AGENT_CO_TRY(auto words, names(params, installed));
        if (words.empty()) {
            auto pending = co_await apt.pending_security();
            AGENT_CO_TRY(words, std::move(pending));
        } else {
            options.emplace_back("--only-upgrade");
        }
        if (words.empty()) co_return std::vector<AptChange>{};
        auto simulated = co_await apt.simulate(std::move(options), std::move(words));
        co_return simulated;
    }

    // Every former version lies in apt's cache, or can be fetched there or made anew before anything is done.
    [[nodiscard]] Task<> check_undo(Apt& apt, const Upgrade& upgrade) const {
        if (apt.can_repack()) co_return ok();
        auto missing = formerly_installed(upgrade, [](const PackageChange& change) { return !lies_there(change); });
        if (missing.empty()) co_return ok();
        auto asked = co_await apt.obtainable(std::move(missing));
        AGENT_CO_TRY(const auto files, std::move(asked));
        for (const auto& change : upgrade.changes)
            if (!lies_there(change) && !files.contains(change.former_file.filename().string()))
                co_return no_former_file(change);
        co_return ok();
    }

    // Both what goes in and what the undo will need: neither it nor the installation needs the network then.
    [[nodiscard]] Task<> fetch(Apt& apt, const Upgrade& upgrade) const {
        auto obtained = co_await obtain_former(apt, upgrade);
        if (obtained.has_error()) co_return std::move(obtained).error();
        if (!upgrade.without_undo)
            for (const auto& change : upgrade.changes)
                if (!lies_there(change)) co_return no_former_file(change);
        std::vector<std::string> options{"--no-remove"};
        auto words = pinned(upgrade);
        co_return co_await apt.fetch(std::move(options), std::move(words));
    }

    // As their archives have them; what none has any more, as it is installed.
    [[nodiscard]] Task<> obtain_former(Apt& apt, const Upgrade& upgrade) const {
        auto missing = formerly_installed(upgrade, [](const PackageChange& change) { return !lies_there(change); });
        if (missing.empty()) co_return ok();
        auto asked = co_await apt.obtainable(std::move(missing));
        AGENT_CO_TRY(const auto files, std::move(asked));
        const auto is_obtainable = [&files](const PackageChange& change) {
            return files.contains(change.former_file.filename().string());
        };
        auto wanted = formerly_installed(
            upgrade, [&](const PackageChange& change) { return !lies_there(change) && is_obtainable(change); });
        if (!wanted.empty()) {
            std::vector<std::string> once_more{"--reinstall"};
            auto fetched = co_await apt.fetch(std::move(once_more), std::move(wanted));
            if (fetched.has_error()) co_return std::move(fetched).error();
        }
        for (const auto& change : upgrade.changes) {
            if (lies_there(change) || !apt.can_repack()) continue;
            auto made = co_await apt.repack(change.package, change.former_file);
            if (made.has_error()) co_return std::move(made).error();
        }
        co_return ok();
    }

    [[nodiscard]] Task<StepOutcome> install(Apt& apt, const Upgrade& upgrade) const {
        StepOutcome outcome;
        outcome.state = versions_before(upgrade);
        auto command = apt.installation({"--no-remove", "--no-download"}, pinned(upgrade));
        auto argv = command.arguments;
        argv.insert(argv.begin(), command.program.string());
        outcome.taken.command = std::move(argv);
        auto installed = co_await apt.carry_out(std::move(command));
        auto marked = co_await mark(apt, upgrade);
        auto shown = co_await apt.installed();
        outcome.touched = installed.has_error() || shown.has_error();
        if (shown.has_value()) {
            auto found = versions_found(upgrade, shown.value());
            outcome.touched = outcome.touched || found != outcome.state;
            outcome.state = std::move(found);
        }
        if (installed.has_value()) {
            outcome.taken.exit_code = installed.value().status;
            keep_output(installed.value(), outcome.taken);
        }
        if (installed.has_error())
            outcome.why = installed.error().message();
        else if (installed.value().status != 0)
            outcome.why = "apt-get ended with " + complaint_of(installed.value());
        else if (shown.has_error())
            outcome.why = "the packages were installed, but cannot be looked at: " + shown.error().message();
        else if (outcome.state != versions_wanted(upgrade))
            outcome.why = "apt-get was content, but not every package has its version; see: dpkg --audit";
        else if (marked.has_error())
            outcome.why = "marking packages as automatically installed again: " + marked.error().message();
        else
            outcome.succeeded = true;
        co_return outcome;
    }

    // What is named to apt-get counts as wanted for its own sake from then on.
    [[nodiscard]] static Task<> mark(Apt& apt, const Upgrade& upgrade) {
        std::vector<std::string> packages;
        for (const auto& change : upgrade.changes)
            if (change.automatic) packages.push_back(change.package);
        co_return co_await apt.mark_automatic(std::move(packages));
    }

    static bool lies_there(const PackageChange& change) {
        std::error_code unknown;
        return change.from.empty() || std::filesystem::is_regular_file(change.former_file, unknown);
    }

    template <class Choice>
    [[nodiscard]] static std::vector<std::string> formerly_installed(const Upgrade& upgrade, Choice choice) {
        std::vector<std::string> words;
        if (upgrade.without_undo) return words;
        for (const auto& change : upgrade.changes)
            if (choice(change)) words.push_back(change.package + '=' + change.from);
        return words;
    }

    UpgradeRule rule_;
};

void read_names(MapReader& step, StepScope& scope, UpgradeRule& rule) {
    const auto written = step.texts("packages");
    if (!written) return;
    if (written->empty()) step.fault("packages", "is empty; leave it out for security upgrades");
    for (const auto& text : *written) {
        auto name = Template::parse(text, scope, step, "packages");
        if (!name) continue;
        if (name->is_fixed() && !is_package_name(text))
            step.fault("packages", "not the name of a package: " + quoted(text, 64));
        rule.packages.push_back(*std::move(name));
    }
}

}  // namespace

std::unique_ptr<Action> read_package_upgrade(MapReader& step, StepScope& scope) {
    UpgradeRule rule;
    const bool security_only = step.boolean("security_only").value_or(step.node("packages") == nullptr);
    read_names(step, scope, rule);
    if (security_only && !rule.packages.empty())
        step.fault("security_only", "is of all packages; leave out either it or \"packages\"");
    if (!security_only && step.node("packages") == nullptr)
        step.fault("security_only", "false wants \"packages\", a list of names");
    rule.without_undo = step.boolean("without_undo").value_or(false);
    rule.timeout = step.duration("timeout", std::chrono::minutes{1}, std::chrono::hours{4}).value_or(rule.timeout);
    return std::make_unique<PackageUpgrade>(std::move(rule));
}

}  // namespace agent
