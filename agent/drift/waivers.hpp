#pragma once
// A drift that somebody answers for, until a given day: shown in every result, never in force past its end.
#include <optional>
#include <span>
#include <string>

#include "codec/schema.hpp"
#include "model/check.hpp"

namespace agent {

struct Waiver {
    CheckName check;
    std::optional<std::string> condition;  // one sub-condition; nothing: all of the check's
    std::string justification;
    std::string approved_by;
    WallTime expires;  // the first moment at which it does not hold
    int line{};        // of the baseline
};

// Reads the list `waivers` of the baseline; whether a check of that name exists is the caller's to look at.
[[nodiscard]] std::vector<Waiver> read_waivers(MapReader& root);

// Turns what `waivers` covers at `now` from `drift` to `waived`, and tells of every waiver of this check in the facts,
// the expired ones included. Only drift is waived: what could not be determined is nobody's to vouch for. Result and
// severity of the report are to be concluded anew afterwards.
void apply_waivers(CheckReport& report, std::span<const Waiver> waivers, WallTime now);

}  // namespace agent
