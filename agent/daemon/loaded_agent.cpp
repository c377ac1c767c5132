#include "daemon/loaded_agent.hpp"

#include <set>
#include <utility>

#include "base/text.hpp"
#include "daemon/catalogue_age.hpp"
#include "daemon/remarks.hpp"
#include "daemon/version.hpp"
#include "host/machine.hpp"
#include "host/nixos_system.hpp"

namespace agent {
namespace {

void load_keys(LoadedAgent& loaded, Faults& faults) {
    const auto& settings = loaded.settings;
    for (const auto& configured : settings.orders.keys) {
        auto key = PublicKey::load(configured.file);
        if (key.has_error()) {
            faults.push_back({settings.file.string(), configured.line, "orders.keys", key.error().message()});
            continue;
        }
        loaded.keyring.keys.push_back(
            {std::move(key).value(), configured.runbooks, configured.not_before, configured.not_after});
    }
    std::set<KeyId> distinct;
    for (const auto& key : loaded.keyring.keys) distinct.insert(key.key.key_id());
    if (faults.empty() && !distinct.empty() && static_cast<std::int64_t>(distinct.size()) < settings.orders.threshold)
        faults.push_back({settings.file.string(), 0, "orders.threshold",
                          std::to_string(settings.orders.threshold) + " is more than the number of different keys, " +
                              std::to_string(distinct.size()) + ": a key counts once"});
    loaded.keyring.threshold = static_cast<std::size_t>(settings.orders.threshold);
    const auto load_each = [&](const char* name, const std::vector<std::filesystem::path>& files,
                               std::vector<PublicKey>& keys) {
        for (const auto& file : files) {
            auto key = PublicKey::load(file);
            if (key.has_error())
                faults.push_back({settings.file.string(), 0, name, key.error().message()});
            else
                keys.push_back(std::move(key).value());
        }
    };
    load_each("server.receipt_keys", settings.server.receipt_keys, loaded.receipt_keys);
    load_each("healing.catalogue_keys", settings.healing.catalogue_keys, loaded.catalogue_keys);
}

void load_policy(LoadedAgent& loaded, Faults& faults) {
    const auto& healing = loaded.settings.healing;
    loaded.policy = {healing.mode, std::nullopt, healing.cooldown, healing.max_per_day};
    if (!healing.maintenance_window) return;
    auto window = MaintenanceWindow::parse(*healing.maintenance_window);
    if (window.has_error())
        faults.push_back({loaded.settings.file.string(), healing.maintenance_window_line, "healing.maintenance_window",
                          window.error().message()});
    else
        loaded.policy.window = std::move(window).value();
}

void append(Faults& to, Faults from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void add_remarks(const LoadedAgent& loaded, std::vector<std::string>& remarks) {
    const auto certificate = load_certificate(loaded.settings.server.cert_file);
    if (certificate.has_value()) {
        if (auto remark = remark_on_identity(loaded.settings, certificate.value()))
            remarks.push_back(*std::move(remark));
    }
    for (auto& remark : remarks_on_checks(loaded)) remarks.push_back(std::move(remark));
}

// What a drift starts must be there, repair that very check and need no parameters: nobody is asked then.
void judge_healing_of_checks(const LoadedAgent& loaded, Faults& faults) {
    for (const auto& check : loaded.baseline.checks) {
        const auto& settings = check->settings();
        if (settings.heal == HealingMode::off || !settings.runbook) continue;
        const auto fault = [&](std::string text) {
            faults.push_back({loaded.settings.checks.baseline.string(), settings.heal_line,
                              settings.name.str() + ".heal", std::move(text)});
        };
        const auto id = settings.runbook->str();
        const auto* runbook = loaded.runbooks.find(*settings.runbook);
        if (runbook == nullptr && loaded.runbooks.why_refused(*settings.runbook) != nullptr)
            continue;  // the checks go on without what is not approved or not allowed
        if (runbook == nullptr)
            fault("there is no runbook " + id + " in " + loaded.settings.healing.runbooks.string());
        else if (runbook->repairs != settings.name)
            fault(id + " repairs " + (runbook->repairs ? "the check " + runbook->repairs->str() : "no check") +
                  ", not this one: its success would prove nothing");
        else if (const auto params = runbook->parameters.check(Value{Value::Object{}}); params.has_error())
            fault(id + " cannot be started by a drift: " + params.error().message());
    }
}

Result<RunbookList> approved_runbooks(LoadedAgent& loaded, std::vector<std::string>& remarks) {
    const auto& file = *loaded.settings.healing.catalogue;
    AGENT_TRY(auto signed_runbooks, load_catalogue(file, loaded.catalogue_keys));
    const auto newest = newest_accepted_catalogue(loaded.settings.state_dir);
    if (newest.has_error())
        remarks.push_back(
            "whether " + file.string() +
            " is older than the newest one that was accepted was not looked into: " + newest.error().message());
    else if (const auto why = why_too_old(signed_runbooks.issued_at, newest.value()))
        return Error{Errc::untrusted, file.string() + ": " + *why};
    loaded.catalogue_issued_at = signed_runbooks.issued_at;
    return std::move(signed_runbooks.list);
}

// What is wrong with the signed catalogue, or by it, takes away runbooks and nothing else: the checks go on.
void load_runbooks(LoadedAgent& loaded, LoadOutcome& outcome) {
    const auto& settings = loaded.settings;
    const auto& healing = settings.healing;
    std::optional<RunbookList> approved;
    if (healing.catalogue) {
        auto list = approved_runbooks(loaded, outcome.remarks);
        if (list.has_error()) {
            loaded.runbooks = RunbookCatalogue::refusing_all(
                {settings.file.string(), healing.catalogue_line, "healing.catalogue",
                 list.error().message() + "; no runbook is usable until it is whole and signed again (runbook sign)"});
            return;
        }
        approved = std::move(list).value();
    }
    auto runbooks = RunbookCatalogue::load(healing.runbooks, approved ? &*approved : nullptr);
    append(outcome.faults, std::move(runbooks.faults));
    loaded.runbooks = std::move(runbooks.catalogue);
    loaded.runbooks.allow_programs(healing.commands, settings.file);
}

// Baseline and runbooks. Where nobody names them and their default places are empty, the built-in checks run and there
// are no runbooks; a place that the configuration names must be there.
void load_what_is_declared(LoadedAgent& loaded, LoadOutcome& outcome) {
    const auto absent = [](const std::filesystem::path& path) {
        std::error_code error;
        return std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found;
    };
    const auto& baseline_file = loaded.settings.checks.baseline;
    if (baseline_file == CheckRunSettings{}.baseline && absent(baseline_file)) {
        loaded.baseline = built_in_baseline();
        outcome.remarks.push_back("there is no " + baseline_file.string() + "; the built-in checks run with defaults");
    } else {
        auto baseline = load_baseline(baseline_file);
        append(outcome.faults, std::move(baseline.faults));
        if (baseline.baseline) loaded.baseline = std::move(*baseline.baseline);
    }
    const auto& folder = loaded.settings.healing.runbooks;
    if (folder == HealingSettings{}.runbooks && absent(folder)) {
        outcome.remarks.push_back("there is no " + folder.string() + "; every order is refused as unknown_runbook");
    } else {
        load_runbooks(loaded, outcome);
    }
    judge_healing_of_checks(loaded, outcome.faults);
}

}  // namespace

LoadOutcome load_agent(const std::filesystem::path& file, FileChecks checks) {
    LoadOutcome outcome;
    auto settings = load_agent_settings(file, checks, host_name());
    append(outcome.faults, std::move(settings.faults));
    if (!settings.settings) return outcome;

    auto loaded = std::make_unique<LoadedAgent>();
    loaded->settings = std::move(*settings.settings);
    if (checks == FileChecks::all) {
        load_keys(*loaded, outcome.faults);
        load_policy(*loaded, outcome.faults);
        load_what_is_declared(*loaded, outcome);
        if (outcome.faults.empty()) add_remarks(*loaded, outcome.remarks);
    }
    if (outcome.faults.empty()) outcome.loaded = std::move(loaded);
    return outcome;
}

LoadOutcome load_agent_to_run(const std::filesystem::path& file) {
    auto outcome = load_agent(file, FileChecks::all);
    if (!outcome.loaded) return outcome;
    outcome.faults = closed_keys_of(outcome.loaded->settings);
    if (!outcome.faults.empty()) outcome.loaded.reset();
    return outcome;
}

Speaker speaker_of(const LoadedAgent& loaded) {
    const auto& settings = loaded.settings;
    Speaker speaker;
    speaker.site_id = settings.site_id;
    speaker.host_id = settings.host_id;
    speaker.deployment_mode = settings.deployment_mode;
    speaker.reseller_id = settings.reseller_id;
    speaker.agent_version = agent_version();
    speaker.agent_build = agent_build();
    speaker.policy_version = settings.policy_version;
    speaker.ruleset_hash = loaded.baseline.sha256;
    // PROTOCOL.md section 5: null where the host is not NixOS.
    auto system = look_at_nixos_system(running_nixos_system);
    if (system.has_error()) return speaker;
    if (!system.value().revision.empty()) speaker.nixos_revision = std::move(system.value().revision);
    speaker.derivation_digest = std::move(system.value().digest);
    return speaker;
}

std::shared_ptr<const Baseline> baseline_of(const std::shared_ptr<const LoadedAgent>& loaded) {
    return {loaded, &loaded->baseline};
}

std::string missing_runbook(const LoadedAgent& loaded, const RunbookId& id) {
    auto text = "no runbook " + agent::quoted(id.str()) + " in " + loaded.settings.healing.runbooks.string();
    if (const auto* why = loaded.runbooks.why_refused(id)) text += "; not usable: " + why->to_string();
    return text;
}

GateSettings gate_settings_of(const LoadedAgent& loaded) {
    return {loaded.settings.site_id, loaded.settings.host_id, &loaded.keyring,
            std::chrono::floor<std::chrono::seconds>(loaded.settings.orders.max_ttl).count()};
}

Result<GateQuestions> gate_questions_of(const LoadedAgent& loaded, StateStore* store) {
    GateQuestions questions;
    questions.familiarity = [store](const OrderPayload& order, std::string_view payload) -> Result<Familiarity> {
        if (store == nullptr) return Familiarity::unknown;
        return store->orders().familiarity(order.order_id, order.nonce, payload);
    };
    if (store != nullptr) {
        AGENT_TRY(questions.orders_not_before, store->memory().orders_not_before());
    }
    questions.runbook_known = [&loaded](const RunbookId& id) -> std::optional<GateEntry> {
        if (loaded.runbooks.find(id) != nullptr) return std::nullopt;
        return GateEntry{Gate::unknown_runbook, Verdict::refuse, missing_runbook(loaded, id)};
    };
    questions.params_fit = [&loaded](const RunbookId& id, const Value& params) -> std::optional<GateEntry> {
        const auto* runbook = loaded.runbooks.find(id);
        if (runbook == nullptr) return std::nullopt;
        const auto checked = runbook->parameters.check(params);
        if (checked.has_value()) return std::nullopt;
        return GateEntry{Gate::bad_params, Verdict::refuse, checked.error().message()};
    };
    return questions;
}

Result<PolicyFacts> policy_facts_of(const Runbook& runbook, StateStore* store, WallTime host_clock,
                                    bool clock_untrusted) {
    PolicyFacts facts;
    facts.now = host_clock;
    facts.clock_untrusted = clock_untrusted;
    facts.changes_host = runbook.changes_host();
    facts.disruptive = runbook.disruptive;
    facts.cooldown = runbook.cooldown;
    facts.most_per_day = runbook.most_per_day;
    if (store == nullptr) return facts;
    const auto key = budget_key(runbook.id);
    AGENT_TRY(facts.hold_until, store->memory().hold_until());
    if (runbook.repairs) {
        AGENT_TRY(facts.check_held, store->checks().held(*runbook.repairs));
    }
    AGENT_TRY(facts.last_run, store->memory().last_run(key));
    AGENT_TRY(facts.runs_in_last_day, store->memory().runs_since(key, host_clock - std::chrono::days{1}));
    return facts;
}

std::string budget_key(const RunbookId& runbook) { return "runbook:" + runbook.str(); }

}  // namespace agent
