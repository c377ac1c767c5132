#include "drift/waivers.hpp"

#include <utility>

#include "base/text.hpp"

namespace agent {
namespace {

bool covers(const Waiver& waiver, const Finding& finding) {
    return finding.result == CheckResult::drift && (!waiver.condition || *waiver.condition == finding.condition);
}

std::string describe(const Waiver& waiver) {
    return "until " + format_rfc3339(waiver.expires) + " by " + waiver.approved_by + ": " + waiver.justification;
}

// A day alone ("2027-01-31") holds to its end; a moment is taken as it is.
std::optional<WallTime> read_expiry(MapReader& entry) {
    const auto text = entry.text("expires");
    entry.require("expires", "a waiver that never ends is a change of the baseline; give a day");
    if (!text) return std::nullopt;
    const bool day_alone = text->size() == std::string_view{"2027-01-31"}.size();
    const auto moment = parse_rfc3339(day_alone ? *text + "T00:00:00Z" : *text);
    if (moment.has_error()) {
        entry.fault("expires",
                    "neither a day (2027-01-31) nor a moment (2027-01-31T18:00:00Z): " + agent::quoted(*text, 40));
        return std::nullopt;
    }
    return moment.value() + (day_alone ? Duration{std::chrono::days{1}} : Duration{0});
}

Waiver read_waiver(MapReader& entry) {
    Waiver waiver;
    waiver.check = CheckName{entry.text("check").value_or("")};
    entry.require("check", "it names the check whose drift is waived");
    waiver.condition = entry.text("condition");
    waiver.justification = entry.text("justification").value_or("");
    entry.require("justification", "an auditor will ask why");
    waiver.approved_by = entry.text("approved_by").value_or("");
    entry.require("approved_by", "an auditor will ask who");
    waiver.expires = read_expiry(entry).value_or(WallTime{});
    entry.finish();
    return waiver;
}

}  // namespace

std::vector<Waiver> read_waivers(MapReader& root) {
    std::vector<Waiver> waivers;
    const auto* list = root.node("waivers");
    if (list == nullptr || list->kind == YamlNode::Kind::null) return waivers;
    if (list->kind != YamlNode::Kind::sequence) {
        root.fault("waivers", "must be a list, each entry beginning with \"- check: …\"");
        return waivers;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader entry{root.file(), list->items[i], "waivers[" + std::to_string(i) + "]", root.faults()};
        auto waiver = read_waiver(entry);
        waiver.line = list->items[i].line;
        waivers.push_back(std::move(waiver));
    }
    return waivers;
}

void apply_waivers(CheckReport& report, std::span<const Waiver> waivers, WallTime now) {
    Value::Array told;
    Value::Array waived;
    for (const auto& waiver : waivers) {
        if (waiver.check != report.name) continue;
        const bool in_force = now < waiver.expires;
        std::int64_t covered{};
        for (auto& finding : report.findings) {
            if (!covers(waiver, finding)) continue;
            ++covered;
            if (!in_force) {
                finding.reason += " (its waiver ended at " + format_rfc3339(waiver.expires) + ")";
                continue;
            }
            finding.result = CheckResult::waived;
            finding.reason = "waived " + describe(waiver) + " (" + finding.reason + ")";
            waived.push_back(finding.condition);
        }
        told.push_back(Value::object({{"condition", waiver.condition ? Value{*waiver.condition} : Value{}},
                                      {"justification", waiver.justification},
                                      {"approved_by", waiver.approved_by},
                                      {"expires", format_rfc3339(waiver.expires)},
                                      {"in_force", in_force},
                                      {"covers", covered}}));
    }
    if (told.empty()) return;
    report.facts.set("waivers", std::move(told));
    if (!waived.empty()) report.state.set("waived", std::move(waived));
}

}  // namespace agent
