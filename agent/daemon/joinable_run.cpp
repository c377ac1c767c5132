#include "daemon/joinable_run.hpp"

#include <utility>

namespace agent {

void JoinableRun::begin(const Runbook& runbook, Value params) {
    work_ = Work{runbook.sha256, runbook.id, std::move(params)};
    started_ = false;
}

bool JoinableRun::is_what_it_asks_for(const OrderPayload& order, const Runbook& runbook, const Value& params) const {
    if (!work_ || order.mode != OrderMode::apply || order.plan_sha256) return false;
    return work_->runbook == runbook.id && work_->runbook_sha256 == runbook.sha256 && work_->params == params;
}

std::vector<AdmittedOrder> JoinableRun::end() {
    work_.reset();
    started_ = false;
    return std::exchange(joined_, {});
}

}  // namespace agent
