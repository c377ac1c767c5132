#pragma once
// Every write of the daemon goes through here, so that a full disk and a damaged file are met in one place.
#include <functional>
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "store/state_store.hpp"

namespace agent {

class StateGuard {
public:
    // `keep_sent`: bundles that stay even when room must be made.
    StateGuard(StateStore& store, const TimeSource& time, std::int64_t keep_sent)
        : store_{store}, time_{time}, keep_sent_{keep_sent} {}

    using Work = std::function<Result<>(Transaction&)>;
    // Runs `work` and commits. On a full disk the reserve is given up, bundles that the server has receipted are
    // removed beyond `keep_sent`, and the work is tried once more; what fails then is the caller's. A damaged file is
    // marked, so that the next start examines it; see damaged().
    [[nodiscard]] Result<> commit(const Work& work);

    // True once the state file was found damaged: the daemon stops, since nothing it does could be recorded.
    [[nodiscard]] bool damaged() const noexcept { return damaged_; }
    // What must be told in evidence since the last call, once.
    [[nodiscard]] std::optional<std::string> take_alarm();

private:
    [[nodiscard]] Result<> attempt(const Work& work);
    void make_room();
    StateStore& store_;
    const TimeSource& time_;
    std::int64_t keep_sent_;
    bool damaged_{false};
    bool reserve_out_{false};
    std::optional<std::string> alarm_;
};

}  // namespace agent
