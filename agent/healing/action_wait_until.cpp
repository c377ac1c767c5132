// wait.until: a service needs a while after its restart until its check is fine. Changes nothing.
#include <algorithm>

#include "base/text.hpp"
#include "healing/actions.hpp"
#include "healing/ask_check.hpp"

namespace agent {
namespace {

constexpr Duration first_pause{250};
constexpr Duration longest_pause{5'000};

class WaitUntil final : public Action {
public:
    WaitUntil(CheckName check, Duration timeout) : check_{std::move(check)}, timeout_{timeout} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "wait.until"; }
    [[nodiscard]] bool changes_host() const noexcept override { return false; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& /*params*/) override {
        PlanStep step;
        step.action = name();
        step.current = Value::Object{};
        step.desired.set("check", check_.str());
        step.desired.set("within", describe_duration(timeout_));
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& /*saved*/) override {
        const auto end = tools.time.mono_now() + timeout_;
        for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
            auto asked = co_await ask_check(tools, check_);
            AGENT_CO_TRY(const auto report, std::move(asked));
            const auto now = tools.time.mono_now();
            if (is_fine(report.result) || now >= end) co_return outcome_of(report);
            auto slept = co_await tools.time.sleep_until(std::min(end, now + pause));
            AGENT_CO_TRY(std::move(slept));
        }
    }

private:
    [[nodiscard]] StepOutcome outcome_of(const CheckReport& report) const {
        StepOutcome outcome;
        outcome.state.set("check", check_.str());
        outcome.state.set("result", to_string(report.result));
        outcome.succeeded = is_fine(report.result);
        if (outcome.succeeded) return outcome;
        outcome.why = check_.str() + " still says " + std::string{to_string(report.result)} + " after " +
                      describe_duration(timeout_);
        if (!report.reason.empty()) outcome.why += ": " + report.reason;
        return outcome;
    }

    CheckName check_;
    Duration timeout_;
};

}  // namespace

std::unique_ptr<Action> read_wait_until(MapReader& step, StepScope& /*scope*/) {
    auto check = step.text("check");
    step.require("check", "the check that must be fine, for example time_sync");
    const auto timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::minutes{10});
    if (!check) return nullptr;
    if (!is_name(*check, 1, 64)) step.fault("check", "not a name of a check: " + quoted(*check, 64));
    return std::make_unique<WaitUntil>(CheckName{*std::move(check)}, timeout.value_or(std::chrono::seconds{60}));
}

}  // namespace agent
