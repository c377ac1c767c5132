#include "healing/kept_output.hpp"

#include <algorithm>

#include "healing/mask_secrets.hpp"

namespace agent {
namespace {

constexpr std::string_view gap_end{" bytes left out]\n"};

// Half a secret cannot be told from other text, so the rest of what was cut goes too: of the line or, where that is not
// seen to end, of the word.
std::string_view after_cut(std::string_view tail) {
    auto end = tail.find('\n');
    if (end == std::string_view::npos) end = tail.find_first_of(" \t\r\"',;&");
    return end == std::string_view::npos ? std::string_view{} : tail.substr(end + 1);
}

std::string whole(const CapturedOutput& output) {
    if (output.complete()) return output.head + output.tail;
    const auto tail = after_cut(output.tail);
    const auto dropped = output.dropped + (output.tail.size() - tail.size());
    return std::string{output.head}.append("\n[").append(std::to_string(dropped)).append(gap_end).append(tail);
}

}  // namespace

void keep_output(std::string_view text, ActionTaken& taken) {
    const auto masked = mask_secrets(text);
    std::string_view rest{masked};
    taken.output_head = std::string{rest.substr(0, limits::output_kept)};
    rest.remove_prefix(taken.output_head.size());
    taken.output_tail = std::string{rest.substr(rest.size() - std::min(rest.size(), limits::output_kept))};
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

std::string_view find_gap(std::string_view text) noexcept {
    const auto end = text.find(gap_end);
    if (end == std::string_view::npos) return {};
    const auto begin = text.rfind("\n[", end);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, end + gap_end.size() - begin);
}

}  // namespace agent
