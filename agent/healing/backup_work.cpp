#include "healing/backup_work.hpp"

#include "codec/json.hpp"

namespace agent {

const BackupWork& work_of(const BackupTool& tool) noexcept {
    return &tool == &borg_tool() ? borg_work() : restic_work();
}

Result<std::vector<BackedUpFile>> parse_file_lines(
    std::string_view output, Result<std::optional<BackedUpFile>> (*parse_line)(const Value& line)) {
    std::vector<BackedUpFile> files;
    for (;;) {
        const auto end = output.find('\n');
        if (end == std::string_view::npos) return files;  // the last line, if it was cut
        // A name that is no UTF-8 makes no JSON; such a file is not restored here.
        const auto value = parse_json(output.substr(0, end));
        output.remove_prefix(end + 1);
        if (value.has_error()) continue;
        AGENT_TRY(auto file, in_context(parse_line(value.value()), "the files of a backup"));
        if (file && file->size > 0) files.push_back(*std::move(file));
    }
}

}  // namespace agent
