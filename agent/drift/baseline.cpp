#include "drift/baseline.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "drift/catalogue.hpp"
#include "drift/declared_values.hpp"
#include "model/order.hpp"

namespace agent {
namespace {

constexpr std::size_t name_most = 64;
constexpr Duration timeout_least{1'000};
constexpr Duration timeout_most{std::chrono::hours{1}};

// Names of the wire (PROTOCOL.md section 5) that an operator's own check must not take.
constexpr std::array<std::string_view, 8> reserved{
    "patching",          "av_edr_health", "backup_verification", "logging_continuity",
    "firewall_baseline", "encryption",    "time_sync",           "general"};

bool is_check_name(std::string_view name) {
    return is_name(name, 1, name_most) &&
           std::none_of(name.begin(), name.end(), [](char c) { return c == '.' || (c >= 'A' && c <= 'Z'); });
}

void read_sections(MapReader& root, Baseline& baseline) {
    static const YamlNode nothing;
    const auto* node = root.node("checks");
    MapReader checks{root.file(), node == nullptr ? nothing : *node, "checks", root.faults()};
    for (const auto& kind : built_in_checks()) {
        const auto* section = checks.node(kind.name);
        const bool is_there = section != nullptr && section->kind != YamlNode::Kind::null;
        MapReader keys{root.file(), is_there ? *section : nothing, checks.key_of(kind.name), root.faults()};
        const auto enabled = keys.boolean("enabled").value_or(true);
        auto check = kind.read(keys, CheckName{std::string{kind.name}});
        keys.finish();
        if (enabled) baseline.checks.push_back(std::move(check));
    }
    checks.finish();
}

std::optional<CheckName> read_name(MapReader& entry, std::set<std::string>& taken) {
    const auto name = entry.text("name");
    entry.require("name", "every check has a name, by which its evidence is found");
    if (!name) return std::nullopt;
    if (!is_check_name(*name)) {
        entry.fault("name", agent::quoted(*name, 80) + ": 1 to 64 of a-z 0-9 _ -");
        return std::nullopt;
    }
    if (std::find(reserved.begin(), reserved.end(), *name) != reserved.end()) {
        entry.fault("name", *name + " is the name of a built-in check; choose another");
        return std::nullopt;
    }
    if (!taken.insert(*name).second) {
        entry.fault("name", "another check is named " + *name + " already");
        return std::nullopt;
    }
    return CheckName{*name};
}

void read_entry(MapReader& entry, std::set<std::string>& taken, Baseline& baseline) {
    const auto name = read_name(entry, taken);
    std::vector<std::string_view> words;
    std::string list;
    for (const auto& kind : custom_kinds()) {
        words.push_back(kind.name);
        list += (list.empty() ? "" : ", ") + std::string{kind.name};
    }
    const auto word = entry.one_of("kind", words);
    entry.require("kind", "it says what is looked at: " + list);
    if (!word) return;  // which other keys are right depends on it
    const auto kind = std::ranges::find(custom_kinds(), *word, &CheckKind::name);
    // A fault of the name is no reason to hide those of the rest.
    baseline.checks.push_back(kind->read(entry, name.value_or(CheckName{"unnamed"})));
    entry.finish();
}

void read_custom(MapReader& root, Baseline& baseline) {
    const auto* list = root.node("custom");
    if (list == nullptr || list->kind == YamlNode::Kind::null) return;
    if (list->kind != YamlNode::Kind::sequence) {
        root.fault("custom", "must be a list of checks, each beginning with \"- name: …\"");
        return;
    }
    std::set<std::string> taken;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader entry{root.file(), list->items[i], "custom[" + std::to_string(i) + "]", root.faults()};
        if (list->items[i].kind == YamlNode::Kind::map) {
            read_entry(entry, taken, baseline);
        } else if (list->items[i].kind == YamlNode::Kind::null) {
            root.faults().push_back(
                {root.file().string(), list->items[i].line, entry.key_of("name"), "an empty entry"});
        }
    }
}

}  // namespace

CheckSettings read_settings(MapReader& reader, CheckSettings defaults) {
    if (const auto word = reader.one_of("severity", {words<Severity>.begin(), words<Severity>.end()}))
        defaults.severity = *parse_word<Severity>(*word);
    if (const auto runbook = reader.text("runbook")) {
        if (!is_runbook_id(*runbook))
            reader.fault("runbook", agent::quoted(*runbook, 80) + ": RB- and then A-Z 0-9 -, at most 64 in all");
        defaults.runbook = RunbookId{*runbook};
    }
    if (const auto word = reader.one_of("heal", {words<HealingMode>.begin(), words<HealingMode>.end()})) {
        defaults.heal = *parse_word<HealingMode>(*word);
        defaults.heal_line = reader.node("heal")->line;
        if (defaults.heal != HealingMode::off && !defaults.runbook)
            reader.fault("heal", "needs `runbook`: the id of the runbook that repairs this check");
    }
    if (const auto timeout = reader.duration("timeout", timeout_least, timeout_most)) defaults.timeout = timeout;
    if (auto hipaa = reader.texts("hipaa_controls")) defaults.controls.hipaa = std::move(*hipaa);
    if (auto nist = reader.texts("nist_800_53")) defaults.controls.nist_800_53 = std::move(*nist);
    return defaults;
}

namespace {

// A waiver of a check that is not there waives nothing, and whoever wrote it believes otherwise.
void look_for_waived_checks(MapReader& root, const Baseline& baseline) {
    std::vector<std::string_view> known;
    for (const auto& check : baseline.checks) known.push_back(check->settings().name.str());
    for (const auto& waiver : baseline.waivers) {
        if (waiver.check.str().empty() || baseline.find(waiver.check) != nullptr) continue;
        std::string text = "this baseline has no check " + agent::quoted(waiver.check.str(), 80);
        const auto meant = nearest(waiver.check.str(), known);
        if (!meant.empty()) text += "; did you mean " + agent::quoted(meant) + "?";
        root.faults().push_back({root.file().string(), waiver.line, "waivers", std::move(text)});
    }
}

}  // namespace

const Check* Baseline::find(const CheckName& name) const noexcept {
    for (const auto& check : checks)
        if (check->settings().name == name) return check.get();
    return nullptr;
}

BaselineOutcome read_baseline(const YamlFile& yaml) {
    BaselineOutcome outcome;
    Baseline baseline;
    baseline.sha256 = sha256_hex(yaml.bytes);
    baseline.declared = declared_values(yaml.root);
    MapReader root{yaml.path, yaml.root, {}, outcome.faults};
    static_cast<void>(root.integer("version", 1, 1));
    root.require("version", "a baseline begins with \"version: 1\"");
    read_sections(root, baseline);
    read_custom(root, baseline);
    baseline.waivers = read_waivers(root);
    look_for_waived_checks(root, baseline);
    root.finish();
    const auto before = [](const Fault& a, const Fault& b) { return a.line < b.line; };
    std::stable_sort(outcome.faults.begin(), outcome.faults.end(), before);
    if (outcome.faults.empty()) outcome.baseline = std::move(baseline);
    return outcome;
}

BaselineOutcome load_baseline(const std::filesystem::path& file) {
    auto loaded = load_yaml(file);
    if (loaded.has_value()) return read_baseline(loaded.value());
    BaselineOutcome outcome;
    outcome.faults.push_back(std::move(loaded).error());
    return outcome;
}

Baseline built_in_baseline() {
    const auto yaml = parse_yaml(std::string{built_in_text}, "the built-in baseline");
    return std::move(read_baseline(yaml.value()).baseline).value();
}

}  // namespace agent
