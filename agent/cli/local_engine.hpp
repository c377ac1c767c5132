#pragma once
// A healing engine for one command, over the real parts of this host.
#include <boost/asio/io_context.hpp>
#include <memory>

#include "async/system_time_source.hpp"
#include "daemon/loaded_agent.hpp"
#include "healing/engine.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"
#include "host/transient_unit_runner.hpp"

namespace agent::cli {

class LocalEngine {
public:
    // `store` may be null: checks then know nothing of earlier looks. `progress` hears what a run is doing.
    LocalEngine(std::shared_ptr<const LoadedAgent> loaded, StateStore* store, RunProgress& progress = unwatched());

    [[nodiscard]] Result<Plan> plan(const Runbook& runbook, const Value& params);
    [[nodiscard]] Result<EvidenceDraft> apply(const Runbook& runbook, const LocalMandate& mandate, RunJournal& journal,
                                              std::optional<std::int64_t> run);
    [[nodiscard]] Result<EvidenceDraft> finish(const OpenRun& run, const Runbook* runbook, RunJournal& journal);

private:
    [[nodiscard]] Result<EvidenceDraft> to_its_end(asio::awaitable<EvidenceDraft> work);

    std::shared_ptr<const LoadedAgent> loaded_;
    StateStore* store_;
    asio::io_context loop_{1};
    SystemTimeSource time_;
    PosixProcessRunner processes_{time_};
    TransientUnitRunner step_programs_{time_, processes_};
    SystemdUnits units_{time_};
    HealingEngine engine_;
};

}  // namespace agent::cli
