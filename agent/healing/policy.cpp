#include "healing/policy.hpp"

#include <algorithm>

#include "model/hold.hpp"

namespace agent {
namespace {

std::optional<Deferral> judge_mode(const PolicySettings& settings, const PolicyFacts& facts) {
    if (settings.mode != HealingMode::enforce)
        return Deferral{Gate::healing_disabled, "healing is in mode " + std::string{to_string(settings.mode)},
                        std::nullopt};
    if (!facts.hold_until || *facts.hold_until <= facts.now) return std::nullopt;
    if (*facts.hold_until >= until_resumed())
        return Deferral{Gate::healing_disabled, "healing is on hold until it is resumed", std::nullopt};
    return Deferral{Gate::healing_disabled, "healing is on hold until " + format_rfc3339(*facts.hold_until),
                    facts.hold_until};
}

// Repairing what comes and goes by itself, or what could not be put back, again and again would be the outage.
std::optional<Deferral> judge_held_check(const PolicyFacts& facts) {
    if (!facts.changes_host || !facts.check_held) return std::nullopt;
    return Deferral{
        Gate::healing_disabled,
        "healing of the check that it repairs is on hold until `compliance-agent resume`: " + *facts.check_held,
        std::nullopt};
}

std::optional<Deferral> judge_window(const PolicySettings& settings, const PolicyFacts& facts) {
    if (!facts.disruptive || !settings.window || settings.window->contains(facts.now)) return std::nullopt;
    const auto opens = settings.window->next_opening(facts.now);
    return Deferral{Gate::outside_maintenance_window,
                    "the maintenance window " + settings.window->text() + " opens at " + format_rfc3339(opens), opens};
}

std::optional<Deferral> judge_budget(const PolicySettings& settings, const PolicyFacts& facts) {
    constexpr Duration ask_again{std::chrono::hours{1}};
    if (!facts.changes_host || facts.joins_a_run) return std::nullopt;
    const auto most = std::min(settings.max_per_day, facts.most_per_day.value_or(settings.max_per_day));
    const auto cooldown = std::max(settings.cooldown, facts.cooldown.value_or(settings.cooldown));
    const bool spent = facts.runs_in_last_day >= most;
    const bool cooling = cooldown.count() > 0 && facts.last_run && facts.now < *facts.last_run + cooldown;
    if (!spent && !cooling) return std::nullopt;

    Deferral deferral{Gate::budget_exhausted, {}, std::nullopt};
    if (cooling) {
        deferral.not_before = *facts.last_run + cooldown;
        deferral.detail = "this runbook ran at " + format_rfc3339(*facts.last_run) + " and cools down until " +
                          format_rfc3339(*deferral.not_before);
    }
    if (!spent) return deferral;
    deferral.detail =
        std::to_string(facts.runs_in_last_day) + " runs in the last 24 hours, of " + std::to_string(most) + " allowed";
    if (most <= 0) {
        deferral.not_before.reset();  // no clock brings room
        return deferral;
    }
    // The oldest run that counts is not known here; at the latest the last one leaves the day.
    auto ask = facts.now + ask_again;
    if (facts.last_run) ask = std::min(ask, *facts.last_run + std::chrono::days{1});
    deferral.not_before = std::max(ask, deferral.not_before.value_or(ask));
    return deferral;
}

std::optional<Deferral> judge_clock(const PolicyFacts& facts) {
    if (!facts.clock_untrusted) return std::nullopt;
    return Deferral{Gate::clock_untrusted, "the host's clock is behind what signed messages prove; set the clock",
                    std::nullopt};
}

}  // namespace

std::optional<Deferral> judge_policy(const PolicySettings& settings, const PolicyFacts& facts) {
    if (auto deferral = judge_mode(settings, facts)) return deferral;
    if (auto deferral = judge_held_check(facts)) return deferral;
    if (auto deferral = judge_window(settings, facts)) return deferral;
    if (auto deferral = judge_budget(settings, facts)) return deferral;
    return judge_clock(facts);
}

}  // namespace agent
