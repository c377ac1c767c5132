#pragma once
// Short ways to write rulesets in tests, in nft's own JSON.
#include <string>
#include <string_view>

#include "codec/json.hpp"
#include "drift/firewall/ruleset.hpp"

namespace agent::testing {

// The objects of `items` ("{…},{…}"), as nft prints them.
[[nodiscard]] inline Result<Ruleset> nft_prints(std::string_view items) {
    return read_nft_output("{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}}," + std::string{items} + "]}");
}

inline constexpr std::string_view table = R"({"table":{"family":"inet","name":"filter","handle":1}})";
inline constexpr std::string_view input =
    R"({"chain":{"family":"inet","table":"filter","name":"input","handle":2,"type":"filter","hook":"input","prio":0,"policy":"drop"}})";

[[nodiscard]] inline std::string rule(std::string_view expressions, std::string_view chain = "input") {
    return R"({"rule":{"family":"inet","table":"filter","chain":")" + std::string{chain} + R"(","handle":7,"expr":[)" +
           std::string{expressions} + "]}}";
}
[[nodiscard]] inline std::string chain(std::string_view name) {
    return R"({"chain":{"family":"inet","table":"filter","name":")" + std::string{name} + R"(","handle":9}})";
}
[[nodiscard]] inline std::string port(std::string_view number, std::string_view verdict) {
    return R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":)" +
           std::string{number} + "}}," + std::string{verdict};
}
inline constexpr std::string_view accept = R"({"accept":null})";
inline constexpr std::string_view drop = R"({"drop":null})";
// Beside the verdict, or in place of one.
inline constexpr std::string_view count = R"({"counter":{"packets":12,"bytes":720}})";

// Table, chain with the policy drop, and these.
[[nodiscard]] inline Ruleset filter(std::string_view items) {
    std::string all = std::string{table} + ',' + std::string{input};
    if (!items.empty()) all += ',' + std::string{items};
    return nft_prints(all).value();
}

}  // namespace agent::testing
