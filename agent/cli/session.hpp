#pragma once
// What several subcommands begin with: configuration, state file, one coroutine run to its end.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>

#include "async/system_time_source.hpp"
#include "async/time_source.hpp"
#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "daemon/loaded_agent.hpp"
#include "store/state_store.hpp"

namespace agent::cli {

// The configuration, or the exit status after every fault was told.
struct LoadedOrStatus {
    std::shared_ptr<const LoadedAgent> loaded;
    int status{};
};
[[nodiscard]] LoadedOrStatus load(const CommandLine& line, FileChecks checks);

// The state file for looking; empty where the agent never ran here.
[[nodiscard]] Result<std::unique_ptr<StateStore>> state_to_read(const AgentSettings& settings);
// The state file for changing something; it must exist.
[[nodiscard]] Result<std::unique_ptr<StateStore>> state_to_change(const AgentSettings& settings);
// A fresh file where the agent never ran; a damaged one is the daemon's to set aside, at its start.
[[nodiscard]] Result<std::unique_ptr<StateStore>> state_to_change_or_begin(const AgentSettings& settings);

// The one bundle whose id is `id` or begins so, as tables on a narrow terminal show it.
[[nodiscard]] Result<BundleId> bundle_named(StateStore& store, const std::string& id);

// Runs `work` to its end on a loop of its own.
template <class T>
[[nodiscard]] Result<T> run_to_end(asio::io_context& loop, Task<T> work) {
    std::optional<Result<T>> answer;
    auto keep = [](std::optional<Result<T>>& out, Task<T> inner) -> asio::awaitable<void> {
        auto result = co_await std::move(inner);
        out.emplace(std::move(result));
    };
    asio::co_spawn(loop, keep(answer, std::move(work)), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    loop.run();
    if (!answer) return Error{Errc::cancelled, "stopped"};
    return std::move(*answer);
}

}  // namespace agent::cli
