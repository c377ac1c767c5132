#include "async/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace agent {
namespace {

// co_spawn default-constructs what it hands over, and Result has no empty state.
asio::awaitable<std::optional<Error>> outcome_of(const TaskGroup::Work& work) {
    auto result = co_await work();
    if (result.has_error()) co_return std::move(result).error();
    co_return std::nullopt;
}

// A coroutine that is stopped in the middle of an await leaves by this exception.
std::optional<Error> as_error(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) return std::nullopt;
        return Error{Errc::system, error.what()};
    } catch (const std::exception& error) {
        return Error{Errc::system, error.what()};
    }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor, OnFailure on_failure)
    : executor_{std::move(executor)},
      all_done_{executor_, asio::steady_timer::time_point::max()},
      on_failure_{std::move(on_failure)} {}

TaskGroup::~TaskGroup() {
    if (!entries_.empty()) std::terminate();
}

void TaskGroup::start(std::string name, Work work) {
    const auto entry = entries_.emplace(entries_.end());
    entry->name = std::move(name);
    entry->work = std::move(work);
    auto done = [this, entry](const std::exception_ptr& thrown, const std::optional<Error>& error) {
        finished(entry, thrown, error);
    };
    asio::co_spawn(executor_, outcome_of(entry->work),
                   asio::bind_cancellation_slot(entry->stop.slot(), std::move(done)));
}

void TaskGroup::request_stop() {
    // A signal may end a task at once and so erase its entry: step on before emitting.
    for (auto entry = entries_.begin(); entry != entries_.end();)
        (entry++)->stop.emit(asio::cancellation_type::terminal);
}

void TaskGroup::finished(Position entry, const std::exception_ptr& thrown, const std::optional<Error>& error) {
    const std::string name = std::move(entry->name);
    entries_.erase(entry);
    if (entries_.empty()) all_done_.cancel();
    const auto failure = thrown != nullptr ? as_error(thrown) : error;
    if (failure && failure->code() != Errc::cancelled) on_failure_(name, *failure);
}

asio::awaitable<void> TaskGroup::join() {
    while (!entries_.empty()) static_cast<void>(co_await all_done_.async_wait(asio::as_tuple(asio::use_awaitable)));
}

}  // namespace agent
