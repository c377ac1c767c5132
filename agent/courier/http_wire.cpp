#include "courier/http_wire.hpp"

#include <array>

namespace agent {
namespace {

// A line break in a value would start a header, or a request, of its own.
void add_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) ? ' ' : c;
    out.append("\r\n");
}

}  // namespace

std::string authority_of(std::string_view host, std::uint16_t port) {
    const bool bare_v6 = host.find(':') != std::string_view::npos && host.front() != '[';
    std::string out;
    out.append(bare_v6 ? "[" : "").append(host).append(bare_v6 ? "]" : "");
    return out + ':' + std::to_string(port);
}

std::string write_request(const HttpRequest& request, std::string_view authority, std::string_view user_agent) {
    constexpr std::size_t room_for_headers = 1024;
    std::string out;
    out.reserve(room_for_headers + request.body.size());
    out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    add_header(out, "Host", authority);
    add_header(out, "User-Agent", user_agent);
    for (const auto& [name, value] : request.headers) add_header(out, name, value);
    if (!request.content_type.empty()) add_header(out, "Content-Type", request.content_type);
    if (!request.body.empty() || request.method != "GET")
        add_header(out, "Content-Length", std::to_string(request.body.size()));
    return out.append("\r\n").append(request.body);
}

std::string write_connect(std::string_view authority, const Proxy& proxy, std::string_view user_agent) {
    std::string out;
    out.append("CONNECT ").append(authority).append(" HTTP/1.1\r\n");
    add_header(out, "Host", authority);
    add_header(out, "User-Agent", user_agent);
    if (!proxy.basic_credentials.empty()) add_header(out, "Proxy-Authorization", "Basic " + proxy.basic_credentials);
    return out.append("\r\n");
}

std::string percent_encode(std::string_view component) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    static constexpr std::string_view unreserved = "-._~";
    std::string out;
    for (const char c : component) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                           unreserved.find(c) != std::string_view::npos;
        const auto byte = static_cast<unsigned char>(c);
        if (plain)
            out += c;
        else
            out.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 0xFU]);
    }
    return out;
}

}  // namespace agent
