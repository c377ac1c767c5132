#include "drift/patching/patching_baseline.hpp"

#include <limits>

#include "drift/catalogue.hpp"
#include "drift/patching/patching_check.hpp"

namespace agent {
namespace {

constexpr Duration age_most{std::chrono::days{3650}};

// The steps of one graded age, in the order of their severity.
struct Step {
    std::string_view name;
    Duration* limit;
};

void read_steps(MapReader& patching, std::string_view key, std::initializer_list<Step> steps) {
    const auto* node = patching.node(key);
    if (node == nullptr) return;
    MapReader ages{patching.file(), *node, patching.key_of(key), patching.faults()};
    for (const auto& step : steps) *step.limit = ages.duration(step.name, Duration{0}, age_most).value_or(*step.limit);
    ages.finish();
    std::string now;
    const Step* before{};
    const Step* late{};
    for (const auto& step : steps) {
        if (before != nullptr && *before->limit > *step.limit) late = before;
        now += (now.empty() ? "" : ", ") + std::string{step.name} + " " + format_duration(*step.limit);
        before = &step;
    }
    if (late != nullptr)
        patching.fault(key,
                       std::string{late->name} + " must not be later than what is worse than it (now " + now + ")");
}

}  // namespace

std::shared_ptr<const Check> read_patching(MapReader& reader, CheckName name) {
    constexpr Duration hour{std::chrono::hours{1}};
    PatchingBaseline patching;
    patching.common.name = std::move(name);
    patching.common.controls = {{"164.308(a)(5)(ii)(B)"}, {"SI-2"}};
    patching.common = read_settings(reader, std::move(patching.common));
    patching.lists_age_most = reader.duration("lists_max_age", hour, age_most).value_or(patching.lists_age_most);
    read_steps(reader, "pending",
               {{"medium", &patching.pending_medium},
                {"high", &patching.pending_high},
                {"critical", &patching.pending_critical}});
    patching.reboot_within = reader.duration("reboot_within", Duration{0}, age_most).value_or(patching.reboot_within);
    patching.restart_within =
        reader.duration("restart_within", Duration{0}, age_most).value_or(patching.restart_within);
    read_steps(reader, "generation_age",
               {{"medium", &patching.generation_medium}, {"high", &patching.generation_high}});
    patching.generation = reader.integer("generation", 1, std::numeric_limits<std::int32_t>::max());
    patching.revision = reader.text("revision");
    return std::make_shared<PatchingCheck>(std::move(patching), PatchingHost::of_this_machine());
}

}  // namespace agent
