#include "drift/custom/port_check.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/fields.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::size_t socket_table_most = 16UL * 1024UL * 1024UL;
constexpr std::size_t told_most = 100;  // sockets told one by one; how many there are is told in any case

std::optional<std::uint16_t> port_in(std::string_view text) {
    std::uint16_t port{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

// As the kernel's table is told, so that the two can be compared.
std::optional<std::string> canonical(std::string text) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> name{};
    if (::inet_pton(family, text.c_str(), bytes.data()) != 1) return std::nullopt;
    ::inet_ntop(family, bytes.data(), name.data(), name.size());
    return std::string{name.data()};
}

// What allows `socket`; of one that is bound to no address, any.
std::string word_of(const ListeningSocket& socket) {
    const bool is_any = socket.address == "0.0.0.0" || socket.address == "::";
    return is_any ? std::to_string(socket.port) + "/" + socket.protocol : socket.to_string();
}

struct Tables {
    std::vector<ListeningSocket> sockets;
    std::vector<Error> unreadable;
};

Tables read_tables(RoundFacts& facts, const std::filesystem::path& proc) {
    Tables tables;
    for (const auto table : {SocketTable::tcp, SocketTable::tcp6, SocketTable::udp, SocketTable::udp6}) {
        const auto& text = facts.file(proc / "net" / file_of(table), socket_table_most);
        const bool is_six = table == SocketTable::tcp6 || table == SocketTable::udp6;
        // A kernel without IPv6 has no such sockets.
        if (text.has_error() && text.error().code() == Errc::not_found && is_six) continue;
        auto sockets =
            text.has_error() ? Result<std::vector<ListeningSocket>>{text.error()} : parse_sockets(text.value(), table);
        if (sockets.has_error()) {
            tables.unreadable.push_back(std::move(sockets).error());
            continue;
        }
        tables.sockets.insert(tables.sockets.end(), sockets.value().begin(), sockets.value().end());
    }
    return tables;
}

std::string holder_of(const ListeningSocket& socket, const std::map<std::uint64_t, std::string>& holders) {
    const auto known = holders.find(socket.inode);
    if (known != holders.end()) return known->second;
    return ::geteuid() == 0 ? "no process of this host (the kernel's, or a container's)"
                            : "a process that only root may look at";
}

void tell(const PortBaseline& baseline, const std::vector<ListeningSocket>& open,
          const std::map<std::uint64_t, std::string>& holders, CheckReport& report) {
    Value::Array facts;
    Value::Array state;
    for (const auto& socket : open) {
        if (state.size() == told_most) break;
        const auto name = socket.to_string();
        const auto holder = holder_of(socket, holders);
        facts.push_back(Value::object({{"socket", name}, {"process", holder}}));
        state.emplace_back(name);
        auto why = name;
        why.append(" is open by ").append(holder).append(" and not allowed");
        report.findings.push_back(
            drifted("socket:" + name, baseline.common.severity, "not open", "open by " + holder, why));
    }
    report.state.set("unexpected", std::move(state));
    report.state.set("unexpected_sockets", static_cast<std::int64_t>(open.size()));
    report.facts.set("unexpected", std::move(facts));
    report.facts.set("unexpected_sockets", static_cast<std::int64_t>(open.size()));
}

}  // namespace

bool AllowedPort::covers(const ListeningSocket& socket) const noexcept {
    return protocol == socket.protocol && first <= socket.port && socket.port <= last &&
           (address.empty() || address == socket.address);
}

std::optional<AllowedPort> parse_allowed_port(std::string_view text) {
    AllowedPort allowed;
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    allowed.protocol = text.substr(slash + 1);
    if (allowed.protocol != "tcp" && allowed.protocol != "udp") return std::nullopt;
    auto ports = text.substr(0, slash);
    if (const auto colon = ports.rfind(':'); colon != std::string_view::npos) {
        auto address = canonical(std::string{ports.substr(0, colon)});
        if (!address) return std::nullopt;
        allowed.address = std::move(*address);
        ports.remove_prefix(colon + 1);
    }
    const auto dash = ports.find('-');
    const auto first = port_in(ports.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : port_in(ports.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    allowed.first = *first;
    allowed.last = *last;
    return allowed;
}

std::vector<ListeningSocket> unexpected(const PortBaseline& baseline, const std::vector<ListeningSocket>& sockets) {
    std::map<std::string, ListeningSocket> open;  // several sockets may share one name
    for (const auto& socket : sockets) {
        if (baseline.loopback == Loopback::ignore && socket.on_loopback()) continue;
        const auto is_this = [&](const AllowedPort& allowed) { return allowed.covers(socket); };
        if (std::none_of(baseline.allowed.begin(), baseline.allowed.end(), is_this))
            open.emplace(socket.to_string(), socket);
    }
    std::vector<ListeningSocket> list;
    list.reserve(open.size());
    for (auto& [name, socket] : open) list.push_back(std::move(socket));
    return list;
}

std::shared_ptr<const Check> read_port_check(MapReader& keys, CheckName name) {
    PortBaseline ports;
    ports.common.name = std::move(name);
    ports.common.controls = {{"164.312(e)(1)"}, {"CM-7", "SC-7"}};
    ports.common = read_settings(keys, std::move(ports.common));
    ports.allowed_words = keys.texts("allowed").value_or(std::vector<std::string>{});
    keys.require("allowed", "it lists what may be open, as in [22/tcp]");
    for (const auto& word : ports.allowed_words) {
        if (auto allowed = parse_allowed_port(word)) {
            ports.allowed.push_back(std::move(*allowed));
        } else {
            keys.fault("allowed",
                       agent::quoted(word, 80) + R"(: not like "22/tcp", "6000-6010/udp", "127.0.0.1:53/udp")");
        }
    }
    const auto loopback = keys.one_of("loopback", {"ignore", "judge"});
    if (loopback == "judge") ports.loopback = Loopback::judge;
    return std::make_shared<PortCheck>(std::move(ports));
}

Task<CheckReport> PortCheck::look(CheckTools& tools, std::string&) const {
    auto report = report_on(baseline_.common);
    const auto tables = read_tables(tools.facts, proc_);
    const auto open = unexpected(baseline_, tables.sockets);
    std::set<std::uint64_t> inodes;
    for (const auto& socket : open) inodes.insert(socket.inode);
    std::map<std::uint64_t, std::string> holders;
    if (!inodes.empty()) holders = holders_of(inodes, proc_);  // the costly part, only where there is something to tell
    tell(baseline_, open, holders, report);
    report.facts.set("open_sockets", static_cast<std::int64_t>(tables.sockets.size()));
    report.facts.set("allowed", Value::strings(baseline_.allowed_words));
    for (const auto& error : tables.unreadable)
        report.findings.push_back(undetermined("sockets", baseline_.common.severity, "readable", error));
    if (report.findings.empty()) report.findings.push_back(fine("sockets", "only those allowed", "only those allowed"));
    conclude(report, baseline_.common);
    co_return report;
}

std::string PortCheck::explain() const {
    std::string text =
        "Looks at the sockets of this host that wait to be spoken to (TCP that listens, UDP without a "
        "peer). Allowed are: ";
    for (const auto& word : baseline_.allowed_words) text += word + " ";
    if (baseline_.allowed_words.empty()) text += "none ";
    text += baseline_.loopback == Loopback::ignore ? "and those that only this host itself can reach."
                                                   : "and no others, on the loopback neither.";
    return text + " A service that nobody decided on is a way in that nobody watches.";
}

Task<Learnt> PortCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from = "the sockets in " + (proc_ / "net").native();
    const auto tables = read_tables(tools.facts, proc_);
    for (const auto& error : tables.unreadable) learnt.unknown.push_back(error.message());
    const auto open = unexpected(baseline_, tables.sockets);
    std::set<std::uint64_t> inodes;
    for (const auto& socket : open) inodes.insert(socket.inode);
    const auto holders = inodes.empty() ? std::map<std::uint64_t, std::string>{} : holders_of(inodes, proc_);
    auto allowed = baseline_.allowed_words;
    for (const auto& socket : open) {
        const auto word = word_of(socket);
        if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) continue;
        auto holder = holder_of(socket, holders);
        holder.resize(std::min(holder.rfind(" ("), holder.size()));  // without its number, another one tomorrow
        auto remark = word;
        remark.append(" is open by ").append(holder);
        learnt.remarks.push_back(std::move(remark));
        allowed.push_back(word);
    }
    learnt.say("allowed", allowed);
    co_return learnt;
}

}  // namespace agent
