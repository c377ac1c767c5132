#include "drift/baseline.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "drift/baseline_reader.hpp"

namespace agent {
namespace {

constexpr std::size_t name_most = 64;
constexpr Duration timeout_least{1'000};
constexpr Duration timeout_most{std::chrono::hours{1}};

using ReadSection = void (*)(const std::filesystem::path&, const YamlNode*, Faults&, Baseline&);
struct Section {
    std::string_view name;
    ReadSection read;
};
constexpr std::array<Section, 1> sections{{{"patching", &read_patching}}};

using ReadEntry = void (*)(MapReader&, CheckName, Baseline&);
struct Kind {
    std::string_view name;
    ReadEntry read;
};
constexpr std::array<Kind, 1> kinds{{{"file", &read_file_check}}};

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
    for (const auto& section : sections) section.read(root.file(), checks.node(section.name), root.faults(), baseline);
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
    words.reserve(kinds.size());
    for (const auto& kind : kinds) words.push_back(kind.name);
    const auto word = entry.one_of("kind", words);
    entry.require("kind", "it says what is looked at: file");
    if (!word) return;  // which other keys are right depends on it
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& known) { return known.name == *word; });
    // A fault of the name is no reason to hide those of the rest.
    kind->read(entry, name.value_or(CheckName{"unnamed"}), baseline);
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
        if (!is_name(*runbook, 1, name_most))
            reader.fault("runbook", "not a runbook id: " + agent::quoted(*runbook, 80));
        defaults.runbook = RunbookId{*runbook};
    }
    if (const auto timeout = reader.duration("timeout", timeout_least, timeout_most)) defaults.timeout = timeout;
    if (auto hipaa = reader.texts("hipaa_controls")) defaults.controls.hipaa = std::move(*hipaa);
    if (auto nist = reader.texts("nist_800_53")) defaults.controls.nist_800_53 = std::move(*nist);
    return defaults;
}

namespace {

BaselineOutcome read_baseline(const YamlFile& yaml) {
    BaselineOutcome outcome;
    Baseline baseline;
    baseline.sha256 = sha256_hex(yaml.bytes);
    MapReader root{yaml.path, yaml.root, {}, outcome.faults};
    static_cast<void>(root.integer("version", 1, 1));
    root.require("version", "a baseline begins with \"version: 1\"");
    read_sections(root, baseline);
    read_custom(root, baseline);
    root.finish();
    const auto before = [](const Fault& a, const Fault& b) { return a.line < b.line; };
    std::stable_sort(outcome.faults.begin(), outcome.faults.end(), before);
    if (outcome.faults.empty()) outcome.baseline = std::move(baseline);
    return outcome;
}

}  // namespace

BaselineOutcome load_baseline(const std::filesystem::path& file) {
    auto loaded = load_yaml(file);
    if (loaded.has_value()) return read_baseline(loaded.value());
    BaselineOutcome outcome;
    outcome.faults.push_back(std::move(loaded).error());
    return outcome;
}

Baseline built_in_baseline() {
    const auto yaml = parse_yaml("version: 1\n", "the built-in baseline");
    return std::move(read_baseline(yaml.value()).baseline).value();
}

}  // namespace agent
