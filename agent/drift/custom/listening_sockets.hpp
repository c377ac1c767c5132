#pragma once
// Sockets that wait for others to speak to this host, as /proc/net lists them.
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct ListeningSocket {
    std::string protocol;  // tcp or udp, of either IP version
    std::string address;   // "0.0.0.0", "::1"
    std::uint16_t port{};
    std::uint64_t inode{};
    [[nodiscard]] bool on_loopback() const noexcept;
    [[nodiscard]] std::string to_string() const;  // "127.0.0.1:53/udp", "[::]:22/tcp"
};

enum class SocketTable : std::uint8_t { tcp, tcp6, udp, udp6 };
[[nodiscard]] std::string_view file_of(SocketTable table) noexcept;
// TCP that listens, UDP that is bound and has no peer. `malformed` where `text` is no such table.
[[nodiscard]] Result<std::vector<ListeningSocket>> parse_sockets(std::string_view text, SocketTable table);

// Which programs hold these sockets, as far as we may look: "sshd (812)".
[[nodiscard]] std::map<std::uint64_t, std::string> holders_of(const std::set<std::uint64_t>& inodes,
                                                              const std::filesystem::path& proc);

}  // namespace agent
