#include "config/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace agent {
namespace {

bool is_numeric(int family, const std::string& address) {
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    return ::inet_pton(family, address.c_str(), binary.data()) == 1;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// RFC 1123 names, and underscores, which people use; IPv4 addresses are of the same letters.
bool is_host_name(std::string_view name) {
    constexpr std::size_t longest_name = 253;
    constexpr std::size_t longest_label = 63;
    if (name.empty() || name.size() > longest_name) return false;
    if (name.back() == '.') name.remove_suffix(1);
    while (true) {
        const auto label = name.substr(0, name.find('.'));
        if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-') return false;
        if (!std::all_of(label.begin(), label.end(),
                         [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; }))
            return false;
        if (label.size() == name.size()) return true;
        name.remove_prefix(label.size() + 1);
    }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

struct HostAndPort {
    std::string host;
    std::optional<std::uint16_t> port;  // nothing: none was written
};

// host, host:port, [IPv6], [IPv6]:port
Result<HostAndPort> split_authority(std::string_view text) {
    HostAndPort parts;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos)
            return Error{Errc::malformed, "the bracket of the IPv6 address is not closed"};
        parts.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (!is_numeric(AF_INET6, parts.host)) return Error{Errc::malformed, "no IPv6 address in the brackets"};
    } else {
        const auto colon = text.find(':');
        if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos)
            return Error{Errc::malformed, "an IPv6 address is written in brackets, for example [::1]:8443"};
        parts.host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (!is_host_name(parts.host)) return Error{Errc::malformed, "no usable host name or address"};
    }
    if (rest.empty()) return parts;
    if (rest.front() == ':') parts.port = parse_port(rest.substr(1));
    if (!parts.port) return Error{Errc::malformed, "the port is no number from 0 to 65535"};
    return parts;
}

bool is_user_info(std::string_view text) {
    const auto is_hex = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] <= ' ' || text[i] == 0x7F || std::string_view{"/?#[]@"}.find(text[i]) != std::string_view::npos)
            return false;
        if (text[i] == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) return false;
    }
    return !text.empty() && text.front() != ':';
}

}  // namespace

Result<Endpoint> parse_server_url(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    constexpr std::string_view form = "write https://host or https://host:port";
    if (!url.starts_with(scheme)) return Error{Errc::malformed, "does not begin with https://; " + std::string{form}};
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    if (url.find('@') != std::string_view::npos)
        return Error{Errc::malformed, "a user or password is not supported; " + std::string{form}};
    if (url.find_first_of("/?#") != std::string_view::npos)
        return Error{Errc::malformed, "a path or query is not supported; " + std::string{form}};
    AGENT_TRY(auto parts, split_authority(url));
    constexpr std::uint16_t https_port = 443;
    const auto port = parts.port.value_or(https_port);
    if (port == 0) return Error{Errc::malformed, "port 0 cannot be connected to"};
    return Endpoint{std::move(parts.host), port};
}

Result<Endpoint> parse_proxy_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    constexpr std::string_view form = "write http://host:port or http://user:password@host:port";
    if (!url.starts_with(scheme))
        return Error{Errc::malformed,
                     "does not begin with http://, the only kind of proxy supported; " + std::string{form}};
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        if (!is_user_info(url.substr(0, at)))
            return Error{Errc::malformed,
                         "user or password hold a character that must be percent-encoded (%40 for @, %2F for /); " +
                             std::string{form}};
        url.remove_prefix(at + 1);
    }
    auto parts = split_authority(url);
    if (parts.has_error()) return Error{Errc::malformed, parts.error().message() + "; " + std::string{form}};
    const auto port = parts.value().port.value_or(0);
    if (port == 0) return Error{Errc::malformed, "a port from 1 to 65535 is needed; " + std::string{form}};
    return Endpoint{std::move(parts).value().host, port};
}

Result<Endpoint> parse_listen(std::string_view text) {
    constexpr std::string_view form = "write address:port, for example 127.0.0.1:8443 or [::1]:8443";
    auto parts = split_authority(text);
    if (parts.has_error()) return Error{Errc::malformed, parts.error().message() + "; " + std::string{form}};
    const auto& host = parts.value().host;
    if (!is_numeric(AF_INET, host) && !is_numeric(AF_INET6, host))
        return Error{Errc::malformed, "the address must be numeric; " + std::string{form}};
    if (!parts.value().port) return Error{Errc::malformed, "the port is missing; " + std::string{form}};
    return Endpoint{host, *parts.value().port};
}

}  // namespace agent
