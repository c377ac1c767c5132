#include "model/vocabulary.hpp"

namespace agent {

std::string_view reason_word(Gate gate) noexcept {
    return to_string(gate == Gate::malformed_payload ? Gate::malformed : gate);
}

OrderStatus status_of(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::success: return OrderStatus::completed;
        case Outcome::failed: return OrderStatus::failed;
        case Outcome::reverted: return OrderStatus::reverted;
        case Outcome::deferred: return OrderStatus::deferred;
        case Outcome::alert: return OrderStatus::alert;
        case Outcome::rejected: return OrderStatus::rejected;
        case Outcome::expired: return OrderStatus::expired;
    }
    return OrderStatus::failed;
}

bool is_final(OrderStatus status) noexcept {
    return status != OrderStatus::pending && status != OrderStatus::executing && status != OrderStatus::deferred;
}

bool is_fine(CheckResult result) noexcept {
    return result == CheckResult::pass || result == CheckResult::not_applicable || result == CheckResult::waived;
}

}  // namespace agent
