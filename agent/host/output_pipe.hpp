#pragma once
// Our end of the pipe that a program writes one of its streams to.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>

#include "async/time_source.hpp"
#include "base/handle.hpp"
#include "host/output_capture.hpp"

namespace agent {

class OutputPipe {
public:
    OutputPipe(const asio::any_io_executor& executor, std::size_t head_limit, std::size_t tail_limit)
        : stream_{executor}, capture_{head_limit, tail_limit} {}

    // Takes the end over if it can be watched.
    [[nodiscard]] Result<> attach(Descriptor& read_end);
    // Reads on and on; ends only by being cancelled, since the end of a stream is not the end of the program.
    [[nodiscard]] asio::awaitable<void> pump();
    // With what is in the pipe now. Reading until its end instead would wait for whoever left the group and holds it
    // open. The object is spent.
    [[nodiscard]] CapturedOutput finish();

private:
    asio::posix::stream_descriptor stream_;
    OutputCapture capture_;
};

}  // namespace agent
