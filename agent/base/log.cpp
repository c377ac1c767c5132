#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace agent {
namespace {

std::atomic<bool> to_journal{false};
std::atomic<LogLevel> least_level{LogLevel::info};
std::string journal_identifier = "compliance-agent";

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

int syslog_priority(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return 7;
        case LogLevel::info: return 6;
        case LogLevel::warning: return 4;
        case LogLevel::error: return 3;
    }
    return 3;
}

spdlog::logger& standard_error_logger() {
    static const auto logger = [] {
        auto made = std::make_shared<spdlog::logger>("agent", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *logger;
}

// systemd sets JOURNAL_STREAM to "device:inode" of the stream it connected.
bool standard_error_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): read once at start
    struct stat status {};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
    return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == stream;
}

bool send_to_journal(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    std::vector<std::string> entries{"MESSAGE=" + std::string{message},
                                     "PRIORITY=" + std::to_string(syslog_priority(level)),
                                     "SYSLOG_IDENTIFIER=" + journal_identifier};
    for (const auto& field : fields) {
        std::string name = "COMPLIANCE_";
        for (const char c : field.name) name += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
        entries.push_back(name + '=' + field.value);
    }
    std::vector<iovec> parts;
    parts.reserve(entries.size());
    for (auto& entry : entries) parts.push_back({entry.data(), entry.size()});
    return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

bool journal_listens() { return access("/run/systemd/journal/socket", W_OK) == 0; }

}  // namespace

void configure_log(LogLevel level, LogTarget target, std::string_view identifier) {
    least_level = level;
    journal_identifier = identifier;
    const bool wanted =
        target == LogTarget::journal || (target == LogTarget::automatic && standard_error_is_the_journal());
    to_journal = wanted && journal_listens();
    static bool told = false;  // also across reloads
    if (target == LogTarget::journal && !to_journal && !std::exchange(told, true))
        log_warning("the journal does not listen at /run/systemd/journal/socket; the log goes to standard error");
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (level < least_level.load()) return;
    if (to_journal.load() && send_to_journal(level, message, fields)) return;
    std::string line{message};
    for (const auto& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        line += field.value;
    }
    standard_error_logger().log(spdlog_level(level), "{}", line);
}

}  // namespace agent
