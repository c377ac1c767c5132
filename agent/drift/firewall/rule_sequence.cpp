#include "drift/firewall/rule_sequence.hpp"

#include <algorithm>
#include <deque>
#include <string_view>
#include <unordered_map>

namespace agent {
namespace {

// Marks as moved what is not in the longest run of pairs whose places before are in order.
void find_moved(std::vector<PairedRule>& pairs) {
    std::vector<std::size_t> ends;                                   // by length of run: the pair it ends with
    std::vector<std::optional<std::size_t>> previous(pairs.size());  // in the best run that ends here
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto is_before = [&](std::size_t end, std::size_t place) { return pairs[end].before < place; };
        const auto slot = std::lower_bound(ends.begin(), ends.end(), pairs[i].before, is_before);
        if (slot != ends.begin()) previous[i] = *(slot - 1);
        if (slot == ends.end()) {
            ends.push_back(i);
        } else {
            *slot = i;
        }
    }
    for (auto& pair : pairs) pair.moved = true;
    if (ends.empty()) return;
    for (std::optional<std::size_t> i = ends.back(); i; i = previous[*i]) pairs[*i].moved = false;
}

}  // namespace

SequenceChange compare_sequences(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    SequenceChange change;
    // What is alike at both ends is paired first, so that one of several equal rules is found where it went.
    const auto shorter = std::min(before.size(), after.size());
    std::size_t head = 0;
    while (head < shorter && before[head] == after[head]) ++head;
    std::size_t tail = 0;
    while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;

    std::unordered_map<std::string_view, std::deque<std::size_t>> places;
    for (std::size_t i = head; i < before.size() - tail; ++i) places[before[i]].push_back(i);
    for (std::size_t i = 0; i < head; ++i) change.paired.push_back({i, i, false});
    for (std::size_t i = head; i < after.size() - tail; ++i) {
        const auto known = places.find(after[i]);
        if (known == places.end() || known->second.empty()) {
            change.added.push_back(i);
        } else {
            change.paired.push_back({known->second.front(), i, false});
            known->second.pop_front();
        }
    }
    for (std::size_t i = tail; i > 0; --i) change.paired.push_back({before.size() - i, after.size() - i, false});
    for (const auto& [rule, left] : places) change.removed.insert(change.removed.end(), left.begin(), left.end());
    std::ranges::sort(change.removed);
    find_moved(change.paired);
    return change;
}

}  // namespace agent
