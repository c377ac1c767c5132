#pragma once
// A message of our own that must arrive wherever logs are kept.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace agent {

inline constexpr std::string_view canary_tag = "compliance-agent-canary";

// Hands `token` to whoever listens on the syslog socket, without waiting. `unreachable` where nobody takes it.
[[nodiscard]] Result<> send_canary(const std::filesystem::path& socket, std::string_view token);

[[nodiscard]] int occurrences(std::string_view text, std::string_view token);

// Reads what is appended to a file from now on, its successor included where it is rotated meanwhile.
class AppendedText {
public:
    explicit AppendedText(std::filesystem::path file);
    // How often `token` was appended so far. A file that is not there yet holds nothing. `malformed` where more was
    // appended than one look reads.
    [[nodiscard]] Result<int> count(std::string_view token);

private:
    struct Reading {
        Descriptor file;
        off_t at{};
        std::string kept;  // the end of what was read: a token may be cut by it
    };
    [[nodiscard]] Result<> read_on(Reading& reading, std::string_view token);
    [[nodiscard]] Result<std::optional<Descriptor>> successor() const;

    std::filesystem::path file_;
    Reading reading_;
    int found_{0};
};

}  // namespace agent
