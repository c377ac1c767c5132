#include "host/output_capture.hpp"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

// Forgets all but the last `most` bytes.
void keep_end(CapturedOutput& output, std::size_t most) {
    if (output.tail.size() <= most) return;
    const auto surplus = output.tail.size() - most;
    output.tail.erase(0, surplus);
    output.dropped += surplus;
}

}  // namespace

void OutputCapture::append(std::string_view bytes) {
    const auto room = std::min(bytes.size(), head_limit_ - output_.head.size());
    output_.head.append(bytes.substr(0, room));
    bytes.remove_prefix(room);
    if (bytes.size() > tail_limit_) {
        output_.dropped += output_.tail.size() + bytes.size() - tail_limit_;
        output_.tail.assign(bytes.substr(bytes.size() - tail_limit_));
        return;
    }
    output_.tail.append(bytes);
    // Cut only now and then: cutting at every chunk would move the whole tail each time.
    if (output_.tail.size() > 2 * tail_limit_) keep_end(output_, tail_limit_);
}

CapturedOutput OutputCapture::finish() {
    keep_end(output_, tail_limit_);
    return std::move(output_);
}

}  // namespace agent
