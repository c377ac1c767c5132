#pragma once
// What the engineer reads at 3 a.m.: one event, one line (or one journal entry with its fields).
// Logging happens where an error ends its way up, once.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace agent {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogTarget : std::uint8_t { automatic, journal, standard_error };

// Journal field; on standard error "name=value" follows the message. `name` is lower_case.
struct LogField {
    std::string_view name;
    std::string value;
};

// Before the first call: level info, plain lines on standard error. `automatic` is the journal under systemd
// (JOURNAL_STREAM names our standard error), else standard error. Not thread-safe; call it from the logic thread.
void configure_log(LogLevel level, LogTarget target, std::string_view identifier);

// Thread-safe. `message` is ours; whatever a peer sent is passed through quoted() first.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::debug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::info, message, fields);
}
inline void log_warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::warning, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::error, message, fields);
}

}  // namespace agent
