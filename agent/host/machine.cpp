#include "host/machine.hpp"

#include <unistd.h>

#include <array>

#include "host/files.hpp"

namespace agent {
namespace {

// os-release(5): the value may be in quotes, with \ before what a shell would take for its own.
std::string unquoted(std::string_view value) {
    const bool in_quotes =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (in_quotes) value = value.substr(1, value.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
    }
    return text;
}

std::string_view next_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

}  // namespace

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    const std::string full{name.data()};
    auto first = full.substr(0, full.find('.'));
    return first.empty() ? "localhost" : first;
}

Result<std::string> boot_id() {
    AGENT_TRY(auto text, read_file("/proc/sys/kernel/random/boot_id", 128));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

std::optional<std::string> os_release(std::string_view key) {
    constexpr std::size_t most = 64UL * 1024UL;
    auto file = read_file("/etc/os-release", most);
    if (file.has_error()) file = read_file("/usr/lib/os-release", most);
    if (file.has_error()) return std::nullopt;
    for (std::string_view text = file.value(); !text.empty();) {
        const auto line = next_line(text);
        const auto equals = line.find('=');
        if (equals != std::string_view::npos && line.substr(0, equals) == key) return unquoted(line.substr(equals + 1));
    }
    return std::nullopt;
}

}  // namespace agent
