#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "healing/confirmation.hpp"

namespace agent::testing {

// Stands for the timer's process and the order server; the real ones are in tests/e2e.
class FakeConfirmation final : public Confirmation {
public:
    std::vector<std::string> words;
    std::optional<Error> no_timer;
    std::optional<Error> unreached;

    [[nodiscard]] Task<> arm(Duration within) override {
        if (no_timer) co_return *no_timer;
        words.push_back("armed for " + describe_duration(within));
        co_return ok();
    }
    [[nodiscard]] Task<> reach_server(MonoTime /*end*/) override {
        words.emplace_back("asked");
        if (unreached) co_return *unreached;
        co_return ok();
    }
    [[nodiscard]] Task<> disarm() override {
        words.emplace_back("disarmed");
        co_return ok();
    }
};

}  // namespace agent::testing
