#include "courier/proxy.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <cstdlib>

#include "base/encoding.hpp"

namespace agent {
namespace {

namespace ip = boost::asio::ip;

struct HostAndPort {
    std::string_view host;  // without brackets
    std::optional<std::uint16_t> port;
};

// "host", "host:port", "[v6]", "[v6]:port", "v6"; nothing where the port is none.
std::optional<HostAndPort> split_port(std::string_view text) {
    HostAndPort parts{text, std::nullopt};
    std::string_view port;
    if (!text.empty() && text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        parts.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
        parts.host = text.substr(0, colon);
        port = text.substr(colon);
    }
    if (port.empty()) return parts;
    std::uint16_t number = 0;
    const auto* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data() + 1, end, number);
    if (port.front() != ':' || read.ec != std::errc{} || read.ptr != end || number == 0) return std::nullopt;
    parts.port = number;
    return parts;
}

std::string lower_case(std::string_view text) {
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto byte = hex_decode(lower_case(text.substr(i + 1, 2)));
        if (!byte || byte->size() != 1) return std::nullopt;
        out += *byte;
        i += 2;
    }
    return out;
}

// 192.0.2.0/24 covers the addresses in it, also where a socket spells them ::ffff:192.0.2.1.
bool network_covers(const std::string& network, ip::address address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
    boost::system::error_code failed;
    if (address.is_v4()) {
        const auto v4 = ip::make_network_v4(network, failed);
        return !failed && ip::make_network_v4(address.to_v4(), v4.prefix_length()).canonical() == v4.canonical();
    }
    const auto v6 = ip::make_network_v6(network, failed);
    return !failed && ip::make_network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6.canonical();
}

bool covers(const std::string& rule, const std::string& host, std::uint16_t port) {
    if (rule == "*") return true;
    boost::system::error_code no_address;
    const auto address = ip::make_address(host, no_address);
    if (rule.find('/') != std::string::npos) return !no_address && network_covers(rule, address);
    const auto parts = split_port(rule);
    if (!parts || (parts->port && *parts->port != port)) return false;
    if (parts->host == "*") return true;
    boost::system::error_code no_rule_address;
    const auto rule_address = ip::make_address(std::string{parts->host}, no_rule_address);
    if (!no_address || !no_rule_address) return !no_address && !no_rule_address && address == rule_address;
    auto name = parts->host;
    if (!name.empty() && name.front() == '.') name.remove_prefix(1);
    if (name.empty() || host.size() < name.size()) return false;
    if (host.compare(host.size() - name.size(), name.size(), name) != 0) return false;
    return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> items;
    constexpr std::string_view separators = ", \t";
    for (auto start = list.find_first_not_of(separators); start != std::string_view::npos;) {
        const auto end = std::min(list.find_first_of(separators, start), list.size());
        items.emplace_back(list.substr(start, end - start));
        start = list.find_first_not_of(separators, end);
    }
    return items;
}

std::string first_of_environment(const char* lower, const char* upper) {
    for (const char* name : {lower, upper}) {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here ever sets one
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

}  // namespace

std::string Proxy::name() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

ProxyEnvironment read_proxy_environment() {
    return {first_of_environment("https_proxy", "HTTPS_PROXY"), first_of_environment("no_proxy", "NO_PROXY")};
}

Result<Proxy> parse_proxy(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
        if (lower_case(url.substr(0, scheme)) != "http")
            return Error{Errc::malformed, "a proxy is reached by http://host:port, other schemes are not supported"};
        url.remove_prefix(scheme + 3);
    }
    url = url.substr(0, url.find_first_of("/?#"));
    Proxy proxy;
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        const auto credentials = url.substr(0, at);
        const auto colon = std::min(credentials.find(':'), credentials.size());
        const auto user = percent_decode(credentials.substr(0, colon));
        const auto password = percent_decode(credentials.substr(std::min(colon + 1, credentials.size())));
        if (!user || !password || user->find(':') != std::string::npos)
            return Error{Errc::malformed,
                         "user and password of a proxy are percent-encoded: http://user:pass%40word@host:port"};
        proxy.basic_credentials = base64_encode(bytes_of(*user + ':' + *password));
        url.remove_prefix(at + 1);
    }
    const auto parts = split_port(url);
    const auto allowed = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; };
    if (!parts || parts->host.empty() || !std::all_of(parts->host.begin(), parts->host.end(), allowed))
        return Error{Errc::malformed, "no proxy like http://user:password@host:port"};
    proxy.host = lower_case(parts->host);
    proxy.port = parts->port.value_or(80);
    return proxy;
}

bool bypasses_proxy(const std::vector<std::string>& rules, std::string_view host, std::uint16_t port) {
    const auto wanted = lower_case(host);
    return std::any_of(rules.begin(), rules.end(),
                       [&](const std::string& rule) { return covers(lower_case(rule), wanted, port); });
}

Result<std::optional<Proxy>> choose_proxy(const ServerSettings& settings, const ProxyEnvironment& environment) {
    auto rules = settings.no_proxy;
    if (!settings.proxy) {
        for (auto& rule : split_list(environment.no_proxy)) rules.push_back(std::move(rule));
    }
    const auto& url = settings.proxy ? *settings.proxy : environment.https_proxy;
    if (url.empty() || bypasses_proxy(rules, settings.host, settings.port)) return std::optional<Proxy>{};
    auto proxy = parse_proxy(url);
    if (proxy.has_error())
        return std::move(proxy).error().in_context(settings.proxy ? "server.proxy" : "https_proxy of the environment");
    return std::optional<Proxy>{std::move(proxy).value()};
}

}  // namespace agent
