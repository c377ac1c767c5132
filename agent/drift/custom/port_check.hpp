#pragma once
// The sockets on which this host can be spoken to, against those that may be.
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/custom/listening_sockets.hpp"

namespace agent {

struct AllowedPort {
    std::string address;  // canonical; empty: any
    std::uint16_t first{};
    std::uint16_t last{};
    std::string protocol;
    [[nodiscard]] bool covers(const ListeningSocket& socket) const noexcept;
};
// "22/tcp", "6000-6010/udp", "127.0.0.1:53/udp", "[::1]:53/tcp".
[[nodiscard]] std::optional<AllowedPort> parse_allowed_port(std::string_view text);

enum class Loopback : std::uint8_t { ignore, judge };

struct PortBaseline {
    CheckSettings common;
    std::vector<AllowedPort> allowed;
    std::vector<std::string> allowed_words;  // as written
    Loopback loopback{Loopback::ignore};     // sockets that only this host itself can reach
};

class PortCheck final : public Check {
public:
    explicit PortCheck(PortBaseline baseline, std::filesystem::path proc = "/proc")
        : baseline_{std::move(baseline)}, proc_{std::move(proc)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;
    [[nodiscard]] const PortBaseline& baseline() const noexcept { return baseline_; }

private:
    PortBaseline baseline_;
    std::filesystem::path proc_;
};

[[nodiscard]] std::shared_ptr<const Check> read_port_check(MapReader& keys, CheckName name);
// Those of `sockets` that are not allowed, each name once.
[[nodiscard]] std::vector<ListeningSocket> unexpected(const PortBaseline& baseline,
                                                      const std::vector<ListeningSocket>& sockets);

}  // namespace agent
