#include "evidence/hold_evidence.hpp"

#include <utility>

namespace agent {

EvidenceDraft draft_of_hold(HoldChange change, WallTime now) {
    EvidenceDraft draft;
    draft.started = now;
    draft.ended = now;
    draft.trigger = Trigger::manual;
    if (change.check) draft.check = change.check->str();
    ActionTaken taken;
    taken.step = 1;
    taken.action = change.after.is_null() ? "resume" : "hold";
    taken.result = "done";
    draft.action_taken.push_back(std::move(taken));
    draft.pre_state.set("hold", std::move(change.before));
    draft.post_state.set("hold", std::move(change.after));
    return draft;
}

}  // namespace agent
