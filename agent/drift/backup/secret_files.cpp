#include "drift/backup/secret_files.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr std::size_t environment_most = 64UL * 1024UL;
constexpr mode_t others_bits = 0077;
constexpr mode_t others_write = 0022;

bool is_variable(std::string_view name) {
    const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    const auto fits_later = [&fits](char c) { return fits(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && fits(name.front()) && std::all_of(name.begin(), name.end(), fits_later);
}

bool loads_code(std::string_view name) {
    return name.starts_with("LD_") || name.starts_with("PYTHON") || name == "PATH" || name == "LC_ALL";
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view unquoted(std::string_view value) {
    const bool is_quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back();
    return is_quoted ? value.substr(1, value.size() - 2) : value;
}

// The message never shows the value.
Result<std::string> parse_line(const BackupTool& tool, std::string_view line) {
    const auto equals = line.find('=');
    const auto name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_variable(name))
        return Error{Errc::malformed, "must be NAME=value, without export"};
    if (tool.sets(name))
        return Error{Errc::malformed, std::string{name} + " is set by the check itself, from the baseline"};
    if (loads_code(name)) return Error{Errc::malformed, std::string{name} + " is not handed on"};
    return std::string{name} + '=' + std::string{unquoted(trimmed(line.substr(equals + 1)))};
}

}  // namespace

SecretFile look_at_secret(std::string condition, const std::filesystem::path& path) {
    SecretFile secret{std::move(condition), path, Error{Errc::not_found, "no such file: " + path.native()}};
    std::error_code ignored;
    const auto target = std::filesystem::canonical(path, ignored);
    // Where that fails, looking at the path itself says why.
    auto facts = inspect_file(ignored ? path : target, Content::left_alone);
    if (facts.has_error())
        secret.facts = std::move(facts).error();
    else if (facts.value())
        secret.facts = *std::move(facts).value();
    return secret;
}

bool is_open_to_others(const FileFacts& facts) noexcept { return (facts.mode & others_bits) != 0; }

bool is_changed_by_others(const FileFacts& facts, uid_t us) noexcept {
    return (facts.mode & others_write) != 0 || (facts.uid != 0 && facts.uid != us);
}

Result<std::vector<std::string>> parse_environment(const BackupTool& tool, std::string_view text) {
    std::vector<std::string> settings;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), end == std::string_view::npos ? text.size() : end + 1));
        if (line.empty() || line.front() == '#') continue;
        AGENT_TRY(auto setting, in_context(parse_line(tool, line), "line " + std::to_string(number)));
        settings.push_back(std::move(setting));
    }
    return settings;
}

Result<std::vector<std::string>> read_environment(const BackupTool& tool, const SecretFile& file) {
    AGENT_TRY(const auto facts, Result<FileFacts>{file.facts});
    // It goes into a program that runs with our rights.
    if (is_changed_by_others(facts, geteuid()))
        return Error{Errc::refused, file.path.native() + " may be changed by others (owner " + facts.owner +
                                        "): it is not used; make it root's, mode 0600"};
    AGENT_TRY(const auto text, read_file(file.path, environment_most));
    return in_context(parse_environment(tool, text), file.path.native());
}

}  // namespace agent
