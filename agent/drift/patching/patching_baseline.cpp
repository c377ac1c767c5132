#include "drift/patching/patching_baseline.hpp"

#include "drift/catalogue.hpp"
#include "drift/patching/patching_check.hpp"

namespace agent {
namespace {

constexpr Duration age_most{std::chrono::days{3650}};

void read_pending(MapReader& patching, const YamlNode& node, PatchingBaseline& baseline) {
    MapReader pending{patching.file(), node, patching.key_of("pending"), patching.faults()};
    baseline.pending_medium = pending.duration("medium", Duration{0}, age_most).value_or(baseline.pending_medium);
    baseline.pending_high = pending.duration("high", Duration{0}, age_most).value_or(baseline.pending_high);
    baseline.pending_critical = pending.duration("critical", Duration{0}, age_most).value_or(baseline.pending_critical);
    pending.finish();
    if (baseline.pending_medium > baseline.pending_high || baseline.pending_high > baseline.pending_critical)
        patching.fault("pending", "medium must not be later than high, nor high later than critical (now " +
                                      format_duration(baseline.pending_medium) + ", " +
                                      format_duration(baseline.pending_high) + ", " +
                                      format_duration(baseline.pending_critical) + ")");
}

}  // namespace

std::shared_ptr<const Check> read_patching(MapReader& reader, CheckName name) {
    PatchingBaseline patching;
    patching.common.name = std::move(name);
    patching.common.controls = {{"164.308(a)(5)(ii)(B)"}, {"SI-2"}};
    patching.common = read_settings(reader, std::move(patching.common));
    patching.lists_age_most =
        reader.duration("lists_max_age", Duration{std::chrono::hours{1}}, age_most).value_or(patching.lists_age_most);
    if (const auto* pending = reader.node("pending"); pending != nullptr) read_pending(reader, *pending, patching);
    return std::make_shared<PatchingCheck>(std::move(patching), AptHost::of_this_machine());
}

}  // namespace agent
