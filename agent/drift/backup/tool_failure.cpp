#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "drift/backup/backup_tool.hpp"

namespace agent {
namespace {

enum class Cause : std::uint8_t { password, no_password, unreachable, moved, locked, rights, missing, damaged, other };

struct Sign {
    std::string_view words;
    Cause cause;
};

// In the order in which they are looked for: restic says "unable to open config file" of a repository that is missing,
// unreachable or barred alike, and adds what it was.
constexpr std::array signs{
    Sign{"wrong password or no key found", Cause::password},
    Sign{"passphrase supplied in", Cause::password},
    Sign{"Resolving password failed", Cause::no_password},
    Sign{"passcommand supplied in", Cause::no_password},
    Sign{"can not acquire a passphrase", Cause::no_password},
    Sign{"previously located at", Cause::moved},
    Sign{"onnection refused", Cause::unreachable},
    Sign{"onnection timed out", Cause::unreachable},
    Sign{"no such host", Cause::unreachable},
    Sign{"resolve hostname", Cause::unreachable},
    Sign{"i/o timeout", Cause::unreachable},
    Sign{"etwork is unreachable", Cause::unreachable},
    Sign{"o route to host", Cause::unreachable},
    Sign{"unable to start the sftp session", Cause::unreachable},
    Sign{"Connection closed by remote host", Cause::unreachable},
    Sign{"already locked", Cause::locked},
    Sign{"acquire the lock", Cause::locked},
    Sign{"ermission denied", Cause::rights},
    Sign{"is not a valid repository", Cause::missing},
    Sign{"does not exist", Cause::missing},
    Sign{"unable to open config file", Cause::missing},
    Sign{"invalid data returned", Cause::damaged},
    Sign{"could not load", Cause::damaged},
    Sign{"ciphertext verification failed", Cause::damaged},
    Sign{"Unmarshal", Cause::damaged},
    Sign{"panic: ", Cause::damaged},
    Sign{"Inconsistency detected", Cause::damaged},
    Sign{"ntegrity", Cause::damaged},
    Sign{"Traceback ", Cause::damaged},
};

// Exit statuses that restic has since 0.17.
constexpr int restic_no_repository = 10;
constexpr int restic_locked = 11;
constexpr int restic_wrong_password = 12;

Cause cause_of(int status, std::string_view text) {
    if (status == restic_no_repository) return Cause::missing;
    if (status == restic_locked) return Cause::locked;
    if (status == restic_wrong_password) return Cause::password;
    for (const auto& sign : signs)
        if (text.find(sign.words) != std::string_view::npos) return sign.cause;
    return Cause::other;
}

Errc code_of(Cause cause) {
    switch (cause) {
        case Cause::password:
        case Cause::no_password:
        case Cause::moved:
        case Cause::locked: return Errc::refused;
        case Cause::unreachable: return Errc::unreachable;
        case Cause::missing: return Errc::not_found;
        case Cause::damaged: return Errc::corrupt;
        case Cause::rights:
        case Cause::other: break;
    }
    return Errc::system;
}

std::string advice_on(Cause cause, const BackupTool& tool) {
    switch (cause) {
        case Cause::password: return "the password in password_file does not open this repository";
        case Cause::no_password: return "password_file is missing, unreadable or not set";
        case Cause::unreachable: return "the repository cannot be reached: look at its name, the network, the account";
        case Cause::moved: return "if the repository was moved on purpose, remove the folder that `cache` names";
        case Cause::locked: return "somebody holds the repository's lock: wait, or see who left it behind";
        case Cause::rights: return "the agent lacks the right to read the repository (run as root)";
        case Cause::missing: return "no repository is there: correct `repository`, or look where it went";
        case Cause::damaged: return "the repository is damaged: run " + std::string{tool.check_command};
        case Cause::other: break;
    }
    return "run " + std::string{tool.name} + " by hand to see more";
}

bool means_nothing(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos || line == "Local Exception" ||
           line.find("GetPassWarning") != std::string_view::npos;
}

// The first line that says something. Newer restic writes a JSON object a line.
std::string first_line(std::string_view text) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (means_nothing(line)) continue;
        const auto parsed = line.starts_with('{') ? parse_json(line) : Result<Value>{Value{}};
        const auto* message = parsed.has_value() ? parsed.value().find("message") : nullptr;
        return message != nullptr && message->string() != nullptr ? *message->string() : std::string{line};
    }
    return {};
}

Error tell(const BackupTool& tool, Cause cause, const std::string& what, const std::string& line) {
    const auto said = line.empty() ? std::string{" and said nothing"} : ": " + agent::quoted(without_password(line));
    return Error{code_of(cause), what + said + "; " + advice_on(cause, tool)};
}

}  // namespace

Error explain_failure(const BackupTool& tool, int status, std::string_view standard_error) {
    return tell(tool, cause_of(status, standard_error),
                std::string{tool.name} + " ended with status " + std::to_string(status), first_line(standard_error));
}

std::optional<Error> damage_in(const BackupTool& tool, std::string_view standard_error) {
    const auto at = standard_error.find("could not load");
    if (at == std::string_view::npos) return std::nullopt;
    return tell(tool, Cause::damaged, std::string{tool.name} + " complained", first_line(standard_error.substr(at)));
}

std::string without_password(std::string_view text) {
    constexpr std::string_view mark{"://"};
    std::string clean;
    for (;;) {
        const auto scheme = text.find(mark);
        if (scheme == std::string_view::npos) break;
        clean += text.substr(0, scheme + mark.size());
        text.remove_prefix(scheme + mark.size());
        const auto authority = text.substr(0, text.find_first_of("/ \t\n\"'"));
        const auto at = authority.rfind('@');
        const auto colon = authority.find(':');
        if (at == std::string_view::npos || colon > at) continue;
        clean.append(authority.substr(0, colon)).append(":***");
        text.remove_prefix(at);
    }
    return clean += text;
}

}  // namespace agent
