#include "drift/patching/sightings.hpp"

namespace agent {
namespace {

std::optional<WallTime> time_in(const Value& value, std::string_view name) {
    const auto* member = value.find(name);
    const auto* text = member == nullptr ? nullptr : member->string();
    if (text == nullptr) return std::nullopt;
    const auto time = parse_rfc3339(*text);
    if (time.has_error()) return std::nullopt;
    return time.value();
}

std::optional<Sighting> sighting_in(const Value& value) {
    const auto since = time_in(value, "since");
    const auto* installed = value.find("installed");
    const auto* known = value.find("age_known");
    if (!since || installed == nullptr || installed->string() == nullptr) return std::nullopt;
    if (known == nullptr || known->boolean() == nullptr) return std::nullopt;
    return Sighting{*installed->string(), *since, *known->boolean()};
}

}  // namespace

Sightings read_sightings(const Value& notes) {
    Sightings sightings;
    sightings.looked = time_in(notes, "looked");
    const auto* pending = notes.find("pending");
    if (!sightings.looked || pending == nullptr || pending->object() == nullptr) return {};
    for (const auto& [package, value] : *pending->object()) {
        const auto sighting = sighting_in(value);
        if (!sighting) return {};
        sightings.pending.emplace(package, *sighting);
    }
    return sightings;
}

Value write_sightings(const Sightings& sightings) {
    Value pending{Value::Object{}};
    for (const auto& [package, sighting] : sightings.pending)
        pending.set(package, Value::object({{"installed", sighting.installed},
                                            {"since", format_rfc3339(sighting.since)},
                                            {"age_known", sighting.age_known}}));
    Value notes = Value::object({{"pending", std::move(pending)}});
    if (sightings.looked) notes.set("looked", format_rfc3339(*sightings.looked));
    return notes;
}

Sightings look_again(const Sightings& before, const std::vector<PendingUpgrade>& pending, WallTime now) {
    // A look in the future: the clock went back, and no time we noted can be counted from.
    const bool trusted = before.looked && *before.looked <= now;
    Sightings after;
    after.looked = now;
    for (const auto& upgrade : pending) {
        const auto known = before.pending.find(upgrade.package);
        Sighting sighting{upgrade.installed, trusted ? *before.looked : now, trusted};
        if (known != before.pending.end() && known->second.installed == upgrade.installed) {
            sighting = known->second;
            if (sighting.since > now) sighting = {upgrade.installed, now, false};
        }
        after.pending.emplace(upgrade.package, std::move(sighting));
    }
    return after;
}

std::optional<Severity> grade(const Sighting& sighting, const PatchingBaseline& baseline, WallTime now) {
    const auto age = now - sighting.since;
    std::optional<Severity> severity;
    if (!sighting.age_known || age > baseline.pending_medium) severity = Severity::medium;
    if (age > baseline.pending_high) severity = Severity::high;
    if (age > baseline.pending_critical) severity = Severity::critical;
    return severity;
}

}  // namespace agent
