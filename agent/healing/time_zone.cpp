#include "healing/time_zone.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t file_limit = 256UL * 1024UL;  // the largest of tzdata is under 4 KiB
constexpr std::size_t header_size = 44;
constexpr std::array<const char*, 2> databases{"/usr/share/zoneinfo", "/etc/zoneinfo"};

Error no_zone_file(std::string_view why) { return {Errc::malformed, "not a TZif file: " + std::string{why}}; }

std::int64_t big_endian(std::string_view bytes) {
    std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
}

// The counts of a TZif header (RFC 8536, section 3.1).
struct Header {
    char version{};
    std::size_t utc_indicators{}, standard_indicators{}, leap_seconds{}, transitions{}, types{}, letters{};

    // Bytes of the data block behind the header, where times have `time_size` bytes.
    [[nodiscard]] std::size_t block_size(std::size_t time_size) const {
        return transitions * (time_size + 1) + types * 6 + letters + leap_seconds * (time_size + 4) +
               standard_indicators + utc_indicators;
    }
};

Result<Header> read_header(std::string_view bytes) {
    if (bytes.size() < header_size || !bytes.starts_with("TZif")) return no_zone_file("no header");
    Header header;
    header.version = bytes[4];
    std::array<std::size_t*, 6> counts{&header.utc_indicators, &header.standard_indicators,
                                       &header.leap_seconds,   &header.transitions,
                                       &header.types,          &header.letters};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto count = big_endian(bytes.substr(20 + 4 * i, 4));
        if (count < 0 || count > std::int64_t{file_limit}) return no_zone_file("a count is out of range");
        *counts[i] = static_cast<std::size_t>(count);
    }
    return header;
}

bool is_zone_name(std::string_view name) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    return !name.empty() && name.size() <= 64 && name.front() != '/' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

Result<TimeZone> TimeZone::load(std::string_view name) {
    const std::string unknown = "unknown time zone " + quoted(name, 64);
    if (!is_zone_name(name)) return Error{Errc::not_found, unknown + ": write it like Europe/Berlin"};
    for (const auto* database : databases) {
        const auto file = std::filesystem::path{database} / name;
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(file, ignored)) continue;
        AGENT_TRY(const auto bytes, in_context(read_file(file, file_limit), unknown));
        return in_context(parse(bytes), file.string());
    }
    return Error{Errc::not_found,
                 unknown + ": /usr/share/zoneinfo has no such file; install tzdata, or write UTC times"};
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
    AGENT_TRY(const auto old_header, read_header(bytes));
    if (old_header.version < '2') return no_zone_file("version 1 has no 64-bit times");
    const auto old_size = header_size + old_header.block_size(4);  // what version 1 readers see
    if (bytes.size() < old_size) return no_zone_file("cut short");
    bytes.remove_prefix(old_size);

    AGENT_TRY(const auto header, read_header(bytes));
    bytes.remove_prefix(header_size);
    if (header.types == 0 || bytes.size() < header.block_size(8)) return no_zone_file("cut short");
    const auto times = bytes.substr(0, header.transitions * 8);
    const auto indexes = bytes.substr(times.size(), header.transitions);
    const auto types = bytes.substr(times.size() + indexes.size(), header.types * 6);
    const auto offset_of = [types](std::size_t type) { return big_endian(types.substr(type * 6, 4)); };

    TimeZone zone;
    zone.first_offset_ = offset_of(0);
    zone.transitions_.reserve(header.transitions);
    for (std::size_t i = 0; i < header.transitions; ++i) {
        const std::size_t type = static_cast<unsigned char>(indexes[i]);
        if (type >= header.types) return no_zone_file("a transition has no type");
        zone.transitions_.push_back({big_endian(times.substr(i * 8, 8)), offset_of(type)});
    }

    auto footer = bytes.substr(header.block_size(8));
    if (!footer.starts_with('\n')) return no_zone_file("no footer");
    footer.remove_prefix(1);
    const auto end = footer.find('\n');
    if (end == std::string_view::npos) return no_zone_file("no footer");
    footer = footer.substr(0, end);
    if (!footer.empty()) {
        zone.rule_ = ZoneRule::parse(footer);
        if (!zone.rule_) return no_zone_file("the rule " + quoted(footer, 64) + " is no POSIX TZ string");
    }
    return zone;
}

std::chrono::seconds TimeZone::offset_at(WallTime time) const {
    const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), second,
                                        [](std::int64_t value, const Transition& next) { return value < next.at; });
    if (after == transitions_.end() && rule_) return std::chrono::seconds{rule_->offset_at(second)};
    if (after == transitions_.begin()) return std::chrono::seconds{first_offset_};
    return std::chrono::seconds{std::prev(after)->offset};
}

}  // namespace agent
