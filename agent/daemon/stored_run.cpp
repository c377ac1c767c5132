#include "daemon/stored_run.hpp"

namespace agent {
namespace {

Error not_begun() { return Error{Errc::storage, "the run is not in the healing journal"}; }

}  // namespace

Result<> StoredRun::begin_step(const BegunStep& step) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.begin_step(transaction, *number_, step); });
}

Result<> StoredRun::enter(RunState state) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.enter(transaction, *number_, state); });
}

}  // namespace agent
