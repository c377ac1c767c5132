// What restic and borg print, files of status, and files with the environment of a backup tool.
#include "drift/backup/backup_points.hpp"
#include "drift/backup/backup_tool.hpp"
#include "drift/backup/secret_files.hpp"
#include "drift/backup/status_file.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    for (const auto* tool : {&restic_tool(), &borg_tool()}) {
        static_cast<void>(tool->parse_list(input));
        if (const auto size = tool->parse_size(input); size.has_value())
            must(size.value() >= 0, "a backup is not smaller than nothing");
        must(!explain_failure(*tool, 1, input).message().empty(), "a failure has words");
        static_cast<void>(damage_in(*tool, input));
        if (const auto words = parse_environment(*tool, input); words.has_value())
            for (const auto& word : words.value()) must(word.find('=') != std::string::npos, "a variable has a value");
    }
    static_cast<void>(parse_tool_time(input));
    static_cast<void>(parse_backup_status(input));
    static_cast<void>(parse_restore_test(input));
    static_cast<void>(without_password(input));
}
