#include "drift/patching/apt_lists.hpp"

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

#include "base/text.hpp"
#include "drift/fields.hpp"
#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t release_head = 64UL * 1024UL;  // the fields come first, in some 2 KiB; the rest lists files

std::string_view take_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

bool is_release(const std::string& name) { return name.ends_with("_InRelease") || name.ends_with("_Release"); }

Result<std::vector<std::filesystem::path>> release_files(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::directory_iterator entries{folder, failed};
    std::vector<std::filesystem::path> files;
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed))
        if (is_release(entries->path().filename().native())) files.push_back(entries->path());
    if (failed) return file_error(failed.value(), "read", folder);
    if (files.empty())
        return Error{Errc::not_found, "no package lists in " + folder.native() + "; run: apt-get update"};
    return files;
}

}  // namespace

bool ReleaseFacts::is_security() const {
    return label == "Debian-Security" || suite.ends_with("-security") || codename.ends_with("-security");
}

Result<WallTime> parse_rfc1123(std::string_view text) {
    std::istringstream stream{std::string{text}};
    stream.imbue(std::locale::classic());
    std::tm parts{};
    std::string zone;
    stream >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S") >> zone;
    const std::chrono::year_month_day day{std::chrono::year{parts.tm_year + 1900},
                                          std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                          std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    if (stream.fail() || !day.ok() || (zone != "UTC" && zone != "GMT" && zone != "+0000"))
        return Error{Errc::malformed, "not a date: " + quoted(text, 64)};
    return WallTime{std::chrono::sys_days{day} + std::chrono::hours{parts.tm_hour} +
                    std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec}};
}

Result<ReleaseFacts> parse_release(std::string_view text) {
    ReleaseFacts facts;
    bool dated = false;
    while (!text.empty()) {
        const auto line = take_line(text);
        if (line == "MD5Sum:" || line == "SHA256:") break;
        if (const auto label = value_of(line, "Label")) facts.label = *label;
        if (const auto suite = value_of(line, "Suite")) facts.suite = *suite;
        if (const auto codename = value_of(line, "Codename")) facts.codename = *codename;
        if (const auto date = value_of(line, "Date")) {
            AGENT_TRY(facts.date, parse_rfc1123(*date));
            dated = true;
        }
    }
    if (!dated) return Error{Errc::malformed, "has no Date"};
    return facts;
}

Result<AptLists> look_at_lists(const std::filesystem::path& folder) {
    AGENT_TRY(const auto files, release_files(folder));
    AptLists lists;
    for (const auto& file : files) {
        AGENT_TRY(const auto text, read_start(file, release_head));
        AGENT_TRY(const auto facts, in_context(parse_release(text), file.native()));
        ++lists.archives;
        if (facts.is_security()) lists.security_date = std::max(lists.security_date.value_or(facts.date), facts.date);
    }
    return lists;
}

}  // namespace agent
