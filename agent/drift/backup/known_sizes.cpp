#include "drift/backup/known_sizes.hpp"

#include <algorithm>

#include "codec/json.hpp"

namespace agent {

KnownSizes read_sizes(std::string_view notes) {
    const auto parsed = parse_json(notes);
    const auto* members = parsed.has_value() ? parsed.value().find("sizes") : nullptr;
    if (members == nullptr || members->object() == nullptr) return {};
    KnownSizes sizes;
    for (const auto& [id, value] : *members->object()) {
        if (value.integer() == nullptr || *value.integer() < 0) return {};
        sizes.emplace(id, *value.integer());
    }
    return sizes;
}

std::string write_sizes(const KnownSizes& sizes) {
    Value members{Value::Object{}};
    for (const auto& [id, size] : sizes) members.set(id, size);
    return write_json(Value::object({{"sizes", std::move(members)}}));
}

std::vector<BackupPoint> series_of(const std::vector<BackupPoint>& points, std::size_t earlier_most) {
    std::vector<BackupPoint> series;
    if (points.empty()) return series;
    const auto& newest = points.back();
    for (auto point = points.rbegin(); point != points.rend() && series.size() <= earlier_most; ++point)
        if (point->host == newest.host && point->paths == newest.paths) series.push_back(*point);
    return series;
}

void keep_sizes_of(const std::vector<BackupPoint>& series, KnownSizes& sizes) {
    KnownSizes kept;
    for (const auto& point : series) {
        const auto known = sizes.find(point.id);
        if (point.size) kept.emplace(point.id, *point.size);
        if (!point.size && known != sizes.end()) kept.insert(*known);
    }
    sizes = std::move(kept);
}

const BackupPoint* size_to_ask(const std::vector<BackupPoint>& series, const KnownSizes& sizes) {
    const auto unknown = std::find_if(series.begin(), series.end(),
                                      [&sizes](const BackupPoint& point) { return !sizes.contains(point.id); });
    return unknown == series.end() ? nullptr : &*unknown;
}

std::vector<std::int64_t> earlier_sizes(const std::vector<BackupPoint>& series, const KnownSizes& sizes) {
    std::vector<std::int64_t> earlier;
    for (std::size_t i = 1; i < series.size(); ++i) {
        const auto known = sizes.find(series[i].id);
        if (known != sizes.end()) earlier.push_back(known->second);
    }
    return earlier;
}

std::int64_t median_of(std::vector<std::int64_t> sizes) {
    std::sort(sizes.begin(), sizes.end());
    const auto middle = sizes.size() / 2;
    if (sizes.size() % 2 == 1) return sizes[middle];
    return sizes[middle - 1] + (sizes[middle] - sizes[middle - 1]) / 2;
}

}  // namespace agent
