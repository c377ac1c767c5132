#pragma once
// Owner of coroutines. Nothing is spawned detached: a group is stopped and joined before what its tasks use dies.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "async/time_source.hpp"

namespace agent {

class TaskGroup {
public:
    using Work = std::function<Task<>()>;
    // Told of every task that ended with an error other than `cancelled`.
    using OnFailure = std::function<void(const std::string& task, const Error&)>;

    TaskGroup(asio::any_io_executor executor, OnFailure on_failure);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    TaskGroup(TaskGroup&&) = delete;
    TaskGroup& operator=(TaskGroup&&) = delete;
    ~TaskGroup();  // ends the program if a task is still running: join() first

    // `work` is kept until its coroutine ends, since the coroutine refers to its captures.
    void start(std::string name, Work work);
    void request_stop();
    [[nodiscard]] asio::awaitable<void> join();
    [[nodiscard]] std::size_t running() const noexcept { return entries_.size(); }

private:
    struct Entry {
        std::string name;
        Work work;
        asio::cancellation_signal stop;
    };
    using Position = std::list<Entry>::iterator;
    void finished(Position entry, const std::exception_ptr& thrown, const std::optional<Error>& error);

    asio::any_io_executor executor_;
    asio::steady_timer all_done_;
    OnFailure on_failure_;
    std::list<Entry> entries_;
};

}  // namespace agent
