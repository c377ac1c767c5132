#pragma once
// Keeps the start and the end of a stream of any length in constant memory.
#include <cstdint>
#include <string>
#include <string_view>

#include "host/process_runner.hpp"

namespace agent {

class OutputCapture {
public:
    OutputCapture(std::size_t head_limit, std::size_t tail_limit) : head_limit_{head_limit}, tail_limit_{tail_limit} {}

    void append(std::string_view bytes);
    // What was captured; the object is spent.
    [[nodiscard]] CapturedOutput finish();

private:
    std::size_t head_limit_;
    std::size_t tail_limit_;
    CapturedOutput output_;
};

}  // namespace agent
