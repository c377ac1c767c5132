#pragma once
// The last result of every check, to tell a change from more of the same, and what checks need to remember.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/check.hpp"
#include "store/database.hpp"

namespace agent {

struct RememberedCheck {
    CheckName name;
    CheckResult result{};
    std::optional<Severity> severity;
    std::string reason;
    std::string state_digest;  // of CheckReport::state
    WallTime last_run;
    WallTime last_change;
};

// Nothing heals its drifts until a person resumes that.
struct HeldCheck {
    CheckName name;
    WallTime since;
    std::string reason;
};

class CheckMemory {
public:
    explicit CheckMemory(Database& database) : database_{&database} {}
    [[nodiscard]] Result<std::optional<RememberedCheck>> last(const CheckName& name);
    [[nodiscard]] Result<std::vector<RememberedCheck>> all();
    [[nodiscard]] Result<> remember(Transaction& transaction, const RememberedCheck& check);
    // Checks that the baseline does not name any more are forgotten.
    [[nodiscard]] Result<> keep_only(Transaction& transaction, const std::vector<CheckName>& names);

    // When its result or state changed, oldest first, from `since` on.
    [[nodiscard]] Result<std::vector<WallTime>> changes_since(const CheckName& name, WallTime since);
    // Adds one, and forgets those of this check before `forget_before`.
    [[nodiscard]] Result<> note_change(Transaction& transaction, const CheckName& name, WallTime at,
                                       WallTime forget_before);

    // By name.
    [[nodiscard]] Result<std::vector<HeldCheck>> held();
    // Why `name` is held; nothing: it is not.
    [[nodiscard]] Result<std::optional<std::string>> held(const CheckName& name);
    // A check that is held already keeps its first reason.
    [[nodiscard]] Result<> hold(Transaction& transaction, const HeldCheck& check);
    // Its changes so far are forgotten, so that it is not flapping at once.
    [[nodiscard]] Result<> release(Transaction& transaction, const CheckName& name);

    // What a check itself keeps from run to run, as a JSON text; empty if nothing.
    [[nodiscard]] Result<std::string> notes(const CheckName& name);
    [[nodiscard]] Result<> write_notes(Transaction& transaction, const CheckName& name, std::string_view json);

private:
    Database* database_;
};

}  // namespace agent
