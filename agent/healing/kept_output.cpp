#include "healing/kept_output.hpp"

#include <algorithm>

#include "model/limits.hpp"

namespace agent {
namespace {

std::string whole(const CapturedOutput& output) {
    if (output.complete()) return output.head + output.tail;
    return output.head + "\n[" + std::to_string(output.dropped) + " bytes left out]\n" + output.tail;
}

}  // namespace

void keep_output(std::string_view text, ActionTaken& taken) {
    taken.output_head = std::string{text.substr(0, limits::output_kept)};
    text.remove_prefix(taken.output_head.size());
    taken.output_tail = std::string{text.substr(text.size() - std::min(text.size(), limits::output_kept))};
}

void keep_output(const CommandExit& exit, ActionTaken& taken) {
    auto text = whole(exit.standard_output);
    const auto errors = whole(exit.standard_error);
    if (!errors.empty()) {
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        text += "[standard error]\n" + errors;
    }
    keep_output(text, taken);
}

}  // namespace agent
