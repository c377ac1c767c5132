#include "drift/av_edr/av_edr_baseline.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "drift/av_edr/av_edr_check.hpp"
#include "drift/catalogue.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

constexpr std::size_t digest_digits = 64;
constexpr std::size_t socket_path_most = 107;  // sun_path of unix(7), without its end
constexpr Duration age_most{std::chrono::days{3650}};

std::filesystem::path absolute_path(MapReader& keys, std::string_view name, std::filesystem::path otherwise) {
    const auto text = keys.text(name);
    if (!text) return otherwise;
    if (!text->starts_with('/')) keys.fault(name, "must be absolute: " + agent::quoted(*text));
    return std::filesystem::path{*text}.lexically_normal();
}

void refuse(MapReader& keys, std::initializer_list<std::string_view> names, const std::string& why) {
    for (const auto name : names)
        if (keys.node(name) != nullptr) keys.fault(name, why);
}

void read_clamav(MapReader& keys, AvEdrBaseline& baseline) {
    baseline.socket = absolute_path(keys, "socket", baseline.socket);
    if (baseline.socket.native().size() > socket_path_most)
        keys.fault("socket", "longer than " + std::to_string(socket_path_most) + " bytes: no socket can be there");
    baseline.database = absolute_path(keys, "database", baseline.database);
    baseline.signatures_age_most = keys.duration("signatures_max_age", Duration{std::chrono::hours{1}}, age_most)
                                       .value_or(baseline.signatures_age_most);
    refuse(keys, {"command", "expect"}, "only of another product; ClamAV is asked over its socket");
}

void read_other(MapReader& keys, AvEdrBaseline& baseline) {
    baseline.command = keys.texts("command").value_or(std::vector<std::string>{});
    if (!baseline.command.empty() && !baseline.command.front().starts_with('/'))
        keys.fault("command", "the program must be absolute: " + agent::quoted(baseline.command.front()));
    baseline.expect = keys.text("expect");
    if (baseline.expect && keys.node("command") == nullptr)
        keys.fault("expect", "without a command nothing is printed that could be expected");
    refuse(keys, {"socket", "database", "signatures_max_age"}, "only of ClamAV (product: clamav)");
    if (baseline.unit.empty() && baseline.binary.empty() && keys.node("command") == nullptr)
        keys.fault("product", "looks at nothing; say at least one of unit, binary, command");
}

}  // namespace

std::shared_ptr<const Check> read_av_edr(MapReader& keys, CheckName name) {
    AvEdrBaseline baseline;
    baseline.common.name = std::move(name);
    baseline.common.controls = {{"164.308(a)(5)(ii)(B)", "164.312(b)"}, {"SI-3"}};
    baseline.common = read_settings(keys, std::move(baseline.common));
    if (keys.one_of("product", {"clamav", "other"}) == "other") {
        baseline.product = AvProduct::other;
        baseline.unit.clear();
        baseline.binary.clear();
    }
    if (auto unit = keys.text("unit")) {
        if (const auto sound = check_unit_name(*unit); sound.has_error()) keys.fault("unit", sound.error().message());
        baseline.unit = std::move(*unit);
    }
    baseline.binary = absolute_path(keys, "binary", baseline.binary);
    baseline.sha256 = keys.text("sha256");
    if (baseline.sha256 && (baseline.sha256->size() != digest_digits || !hex_decode(*baseline.sha256)))
        keys.fault("sha256", "must be 64 digits 0-9 a-f, as sha256sum prints them");
    if (baseline.sha256 && baseline.binary.empty()) keys.fault("sha256", "of which file? say binary");
    baseline.restarts_window = keys.duration("restarts_window", Duration{std::chrono::minutes{1}}, age_most)
                                   .value_or(baseline.restarts_window);
    if (baseline.product == AvProduct::clamav) read_clamav(keys, baseline);
    if (baseline.product == AvProduct::other) read_other(keys, baseline);
    return std::make_shared<AvEdrCheck>(std::move(baseline));
}

}  // namespace agent
