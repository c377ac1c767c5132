#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/logging/logging_check.hpp"

namespace agent {
namespace {

constexpr Duration within_least{100};
constexpr Duration within_most{std::chrono::minutes{5}};
constexpr std::int64_t looks_least = 1;
constexpr std::int64_t looks_most = 1'000;

std::optional<std::filesystem::path> absolute_path(MapReader& keys, std::string_view key, std::string_view hint) {
    const auto path = keys.text(key);
    keys.require(key, hint);
    if (!path) return std::nullopt;
    if (!path->starts_with('/')) keys.fault(key, "must be absolute: " + agent::quoted(*path));
    return std::filesystem::path{*path}.lexically_normal();
}

LogPlace read_place(MapReader& keys) {
    LogPlace place;
    const auto kind = keys.one_of("kind", {"journal", "file", "spool"});
    keys.require("kind", "it is journal, file or spool");
    if (kind == "file") place.kind = PlaceKind::file;
    if (kind == "spool") place.kind = PlaceKind::spool;
    if (kind == "file" || kind == "spool")
        place.path = absolute_path(keys, "path", "it names the file in which logs arrive").value_or("");
    keys.finish();
    return place;
}

void read_places(MapReader& keys, LoggingBaseline& baseline) {
    const auto* list = keys.node("places");
    if (list == nullptr || list->kind == YamlNode::Kind::null) return;
    if (list->kind != YamlNode::Kind::sequence) return keys.fault("places", "must be a list, as in [{kind: journal}]");
    baseline.places.clear();
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader place{keys.file(), list->items[i], keys.key_of("places") + "[" + std::to_string(i) + "]",
                        keys.faults()};
        baseline.places.push_back(read_place(place));
    }
}

void read_queue(MapReader& keys, LoggingBaseline& baseline) {
    const auto* node = keys.node("queue");
    if (node == nullptr || node->kind == YamlNode::Kind::null) return;
    MapReader reader{keys.file(), *node, keys.key_of("queue"), keys.faults()};
    LogQueue queue;
    queue.directory = absolute_path(reader, "directory", "it is rsyslog's workDirectory").value_or("");
    queue.prefix = reader.text("prefix").value_or("");
    reader.require("prefix", "it is the queue.filename of the action");
    queue.looks = reader.integer("looks", looks_least, looks_most).value_or(queue.looks);
    reader.finish();
    baseline.queue = std::move(queue);
}

}  // namespace

std::shared_ptr<const Check> read_logging(MapReader& keys, CheckName name) {
    LoggingBaseline baseline;
    baseline.common.name = std::move(name);
    baseline.common.controls = {{"164.312(b)", "164.308(a)(1)(ii)(D)"}, {"AU-4", "AU-5", "AU-12"}};
    baseline.common = read_settings(keys, std::move(baseline.common));
    baseline.units = keys.texts("units");
    baseline.within = keys.duration("within", within_least, within_most).value_or(baseline.within);
    read_places(keys, baseline);
    read_queue(keys, baseline);
    baseline.audit = keys.boolean("audit").value_or(false);
    if (baseline.common.timeout && *baseline.common.timeout <= baseline.within)
        keys.fault("within", "must be shorter than timeout, or what does not arrive is never told");
    return std::make_shared<LoggingCheck>(std::move(baseline), LogHost{});
}

}  // namespace agent
