#include "drift/custom/listening_sockets.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/text.hpp"
#include "drift/fields.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr int hexadecimal = 16;
constexpr std::size_t digits_of_word = 8;
constexpr std::size_t words_of_address = 4;
constexpr std::size_t program_name_most = 64;
// include/net/tcp_states.h: what /proc/net calls a listening TCP socket, and a UDP socket without a peer.
constexpr std::string_view tcp_listen = "0A";
constexpr std::string_view udp_unconnected = "07";
constexpr std::size_t local_field = 1;
constexpr std::size_t state_field = 3;
constexpr std::size_t inode_field = 9;

template <class T>
std::optional<T> number_in(std::string_view text, int base) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Words of 32 bits, each printed as the number that its bytes are on this machine.
std::optional<std::string> address_in(std::string_view text) {
    std::array<std::uint32_t, words_of_address> words{};
    const auto count = text.size() / digits_of_word;
    if (text.size() % digits_of_word != 0 || (count != 1 && count != words_of_address)) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        const auto word = number_in<std::uint32_t>(text.substr(i * digits_of_word, digits_of_word), hexadecimal);
        if (!word) return std::nullopt;
        words.at(i) = *word;
    }
    std::array<char, INET6_ADDRSTRLEN> name{};
    ::inet_ntop(count == 1 ? AF_INET : AF_INET6, words.data(), name.data(), name.size());
    return std::string{name.data()};
}

std::optional<ListeningSocket> socket_in(const std::vector<std::string_view>& words, SocketTable table) {
    if (words.size() <= inode_field) return std::nullopt;
    const auto local = fields_of(words[local_field], ':');
    const auto inode = number_in<std::uint64_t>(words[inode_field], 10);
    if (local.size() != 2 || !inode) return std::nullopt;
    auto address = address_in(local[0]);
    const auto port = number_in<std::uint16_t>(local[1], hexadecimal);
    if (!address || !port) return std::nullopt;
    const bool is_tcp = table == SocketTable::tcp || table == SocketTable::tcp6;
    return ListeningSocket{is_tcp ? "tcp" : "udp", std::move(*address), *port, *inode};
}

bool is_number(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void look_at_process(const std::filesystem::path& process, const std::set<std::uint64_t>& inodes,
                     std::map<std::uint64_t, std::string>& holders) {
    constexpr std::string_view prefix = "socket:[";
    std::error_code failed;
    for (std::filesystem::directory_iterator fd{process / "fd", failed}, end; !failed && fd != end;
         fd.increment(failed)) {
        std::error_code unreadable;
        const auto target = std::filesystem::read_symlink(fd->path(), unreadable).native();
        if (unreadable || !target.starts_with(prefix) || !target.ends_with(']')) continue;
        const std::string_view digits{target.data() + prefix.size(), target.size() - prefix.size() - 1};
        const auto inode = number_in<std::uint64_t>(digits, 10);
        if (!inode || !inodes.contains(*inode) || holders.contains(*inode)) continue;
        auto name = read_file(process / "comm", program_name_most);
        auto program = name.has_value() ? std::move(name).value() : std::string{"unknown"};
        program.erase(std::remove(program.begin(), program.end(), '\n'), program.end());
        holders.emplace(*inode, program + " (" + process.filename().native() + ")");
    }
}

}  // namespace

std::string_view file_of(SocketTable table) noexcept {
    constexpr std::array<std::string_view, 4> files{"tcp", "tcp6", "udp", "udp6"};
    return files[static_cast<std::size_t>(table)];
}

bool ListeningSocket::on_loopback() const noexcept {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

std::string ListeningSocket::to_string() const {
    const bool is_six = address.find(':') != std::string::npos;
    return (is_six ? "[" + address + "]" : address) + ":" + std::to_string(port) + "/" + protocol;
}

Result<std::vector<ListeningSocket>> parse_sockets(std::string_view text, SocketTable table) {
    const auto lines = fields_of(text, '\n');
    const bool is_tcp = table == SocketTable::tcp || table == SocketTable::tcp6;
    const auto wanted = is_tcp ? tcp_listen : udp_unconnected;
    if (lines.empty() || lines.front().find("local_address") == std::string_view::npos)
        return Error{Errc::malformed, "no table of sockets: " + agent::quoted(text, 80)};
    std::vector<ListeningSocket> sockets;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto words = words_of(lines[i]);
        auto socket = socket_in(words, table);
        if (!socket) return Error{Errc::malformed, "no line of a table of sockets: " + agent::quoted(lines[i], 120)};
        if (words[state_field] == wanted) sockets.push_back(std::move(*socket));
    }
    return sockets;
}

std::map<std::uint64_t, std::string> holders_of(const std::set<std::uint64_t>& inodes,
                                                const std::filesystem::path& proc) {
    std::map<std::uint64_t, std::string> holders;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry{proc, failed}, end; !failed && entry != end;
         entry.increment(failed)) {
        if (holders.size() == inodes.size()) break;
        if (is_number(entry->path().filename().native())) look_at_process(entry->path(), inodes, holders);
    }
    return holders;
}

}  // namespace agent
