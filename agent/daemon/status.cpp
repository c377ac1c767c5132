#include "daemon/status.hpp"

#include <utility>

#include "crypto/certificate.hpp"
#include "daemon/instance_lock.hpp"
#include "daemon/version.hpp"

namespace agent {
namespace {

constexpr Duration waiting_too_long = std::chrono::minutes{15};

Value time_or_null(const std::optional<WallTime>& time) { return time ? Value{format_rfc3339(*time)} : Value{}; }

Value text_or_null(const std::optional<std::string>& text) { return text ? Value{*text} : Value{}; }

Value loop_json(const LoopRecord& record) {
    return Value::object({{"last_success", time_or_null(record.last_success)},
                          {"last_failure", time_or_null(record.last_failure)},
                          {"failure", text_or_null(record.failure)}});
}

Value held_json(const std::vector<HeldCheck>& checks) {
    Value::Array list;
    for (const auto& check : checks)
        list.push_back(Value::object(
            {{"check", check.name.str()}, {"since", format_rfc3339(check.since)}, {"reason", check.reason}}));
    return list;
}

}  // namespace

std::string_view to_string(Health health) noexcept {
    switch (health) {
        case Health::ok: return "ok";
        case Health::degraded: return "degraded";
        case Health::failing: return "failing";
    }
    return "failing";
}

Result<StatusFacts> gather_status(const AgentSettings& settings, StateStore* store) {
    StatusFacts facts;
    facts.daemon_running = InstanceLock::holder(settings.state_dir).has_value();
    const auto certificate = load_certificate(settings.server.cert_file);
    if (certificate.has_value()) facts.certificate_not_after = certificate.value().not_after;
    if (store == nullptr) return facts;
    AGENT_TRY(facts.poll, store->memory().loop("poll"));
    AGENT_TRY(facts.upload, store->memory().loop("upload"));
    AGENT_TRY(facts.checks, store->memory().loop("checks"));
    AGENT_TRY(facts.results, store->checks().all());
    AGENT_TRY(facts.queue, store->evidence().figures());
    AGENT_TRY(facts.chain, store->evidence().head());
    AGENT_TRY(facts.hold_until, store->memory().hold_until());
    AGENT_TRY(facts.held_checks, store->checks().held());
    return facts;
}

HealthVerdict judge_health(const StatusFacts& facts, const AgentSettings& settings, WallTime now) {
    HealthVerdict verdict;
    const auto window = settings.server.poll_interval * 3 + settings.server.long_poll;
    const bool reached = facts.poll.last_success && now - *facts.poll.last_success <= window;
    if (!facts.poll.last_success)
        verdict.reasons.emplace_back("no poll ever succeeded");
    else if (!reached)
        verdict.reasons.push_back("the last successful poll is " + describe_duration(now - *facts.poll.last_success) +
                                  " ago");
    for (const auto& [doing, record] : {std::pair{"polling", &facts.poll}, std::pair{"uploading", &facts.upload}})
        if (record->failure && record->alarm) verdict.reasons.push_back(std::string{doing} + ": " + *record->failure);
    if (facts.queue.oldest && now - *facts.queue.oldest > waiting_too_long)
        verdict.reasons.push_back("evidence has been waiting for " + describe_duration(now - *facts.queue.oldest));
    if (facts.queue.quarantined > 0)
        verdict.reasons.push_back(std::to_string(facts.queue.quarantined) + " bundles are quarantined");
    if (!facts.certificate_not_after)
        verdict.reasons.push_back("the client certificate " + settings.server.cert_file.string() + " cannot be read");
    else if (*facts.certificate_not_after <= now)
        verdict.reasons.push_back("the client certificate ended at " + format_rfc3339(*facts.certificate_not_after));
    if (!reached)
        verdict.health = Health::failing;
    else
        verdict.health = verdict.reasons.empty() ? Health::ok : Health::degraded;
    return verdict;
}

Value status_json(const StatusFacts& facts, const HealthVerdict& verdict, const AgentSettings& settings, WallTime now) {
    Value results{Value::Object{}};
    for (const auto& check : facts.results) results.set(check.name.str(), to_string(check.result));
    Value certificate = Value::object({{"not_after", time_or_null(facts.certificate_not_after)}, {"days_left", {}}});
    if (facts.certificate_not_after)
        certificate.set("days_left", std::chrono::floor<std::chrono::days>(*facts.certificate_not_after - now).count());
    return Value::object(
        {{"health", to_string(verdict.health)},
         {"reasons", Value::strings(verdict.reasons)},
         {"daemon", facts.daemon_running ? "running" : "stopped"},
         {"version", agent_version()},
         {"site_id", settings.site_id.str()},
         {"host_id", settings.host_id.str()},
         {"poll", loop_json(facts.poll)},
         {"upload", loop_json(facts.upload)},
         {"checks", Value::object({{"last_run", time_or_null(facts.checks.last_success)}, {"results", results}})},
         {"queue", Value::object({{"waiting", facts.queue.waiting},
                                  {"quarantined", facts.queue.quarantined},
                                  {"oldest", time_or_null(facts.queue.oldest)}})},
         {"chain",
          Value::object({{"epoch", facts.chain.epoch.empty() ? Value{} : Value{facts.chain.epoch}},
                         {"sequence", facts.chain.sequence},
                         {"head_sha256", facts.chain.head_sha256.empty() ? Value{} : Value{facts.chain.head_sha256}},
                         {"receipted", facts.queue.receipted}})},
         {"certificate", certificate},
         {"healing",
          Value::object({{"mode", to_string(settings.healing.mode)}, {"hold_until", time_or_null(facts.hold_until)}})},
         {"checks_on_hold", held_json(facts.held_checks)}});
}

}  // namespace agent
