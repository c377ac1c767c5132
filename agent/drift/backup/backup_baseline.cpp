#include "drift/backup/backup_baseline.hpp"

#include <array>
#include <string_view>

#include "base/text.hpp"
#include "drift/backup/backup_check.hpp"
#include "drift/catalogue.hpp"

namespace agent {
namespace {

constexpr Duration age_most{std::chrono::days{3650}};
constexpr std::int64_t percent_most = 99;
constexpr std::int64_t samples_most = 100;

constexpr std::array<std::string_view, 3> kinds{"restic", "borg", "status_file"};

// Keys that only some kinds have: one that is written for nothing would be believed to work.
struct KeyOf {
    std::string_view key;
    bool restic{};
    bool borg{};
    bool status_file{};

    [[nodiscard]] bool fits(BackupKind kind) const {
        return (kind == BackupKind::restic && restic) || (kind == BackupKind::borg && borg) ||
               (kind == BackupKind::status_file && status_file);
    }
};
constexpr std::array keys_of_kinds{KeyOf{"repository", true, true, false},
                                   KeyOf{"password_file", true, true, false},
                                   KeyOf{"environment_file", true, true, false},
                                   KeyOf{"program", true, true, false},
                                   KeyOf{"cache", true, true, false},
                                   KeyOf{"host", true, true, false},
                                   KeyOf{"tags", true, false, false},
                                   KeyOf{"paths", true, false, false},
                                   KeyOf{"archives", false, true, false},
                                   KeyOf{"status_file", false, false, true}};

void refuse_strangers(MapReader& reader, BackupKind kind) {
    for (const auto& known : keys_of_kinds) {
        const auto* node = reader.node(known.key);
        if (node == nullptr || node->kind == YamlNode::Kind::null || known.fits(kind)) continue;
        if (kind == BackupKind::undeclared)
            return reader.fault("kind", "missing; it says who makes the backup: restic, borg or status_file");
        reader.fault(known.key, "is no key of kind " + std::string{kinds.at(static_cast<std::size_t>(kind) - 1)});
    }
}

BackupKind read_kind(MapReader& reader) {
    const auto word = reader.one_of("kind", {kinds.begin(), kinds.end()});
    for (std::size_t i = 0; i < kinds.size(); ++i)
        if (word && kinds.at(i) == *word) return static_cast<BackupKind>(i + 1);
    return BackupKind::undeclared;
}

void read_tool(MapReader& reader, BackupBaseline& backup) {
    const bool is_restic = backup.kind == BackupKind::restic;
    if (is_restic || backup.kind == BackupKind::borg) {
        reader.require("repository", "it says where the backups are: a path, or a location as the tool takes it");
        if (is_restic) reader.require("password_file", "restic opens no repository without");
    }
    backup.repository = reader.text("repository").value_or("");
    if (!backup.repository.empty() && !backup.repository.starts_with('/') &&
        backup.repository.find(':') == std::string::npos)
        reader.fault("repository", "a path must be absolute, and any other location has a \":\": " +
                                       agent::quoted(backup.repository));
    backup.password_file = reader.path("password_file");
    backup.environment_file = reader.path("environment_file");
    backup.program = reader.path("program");
    backup.cache = reader.path("cache");
    backup.host = reader.text("host");
    backup.tags = reader.texts("tags").value_or(std::vector<std::string>{});
    backup.paths = reader.texts("paths").value_or(std::vector<std::string>{});
    backup.archives = reader.text("archives");
}

void read_age(MapReader& reader, BackupBaseline& backup) {
    const auto* node = reader.node("max_age");
    if (node == nullptr) return;
    MapReader age{reader.file(), *node, reader.key_of("max_age"), reader.faults()};
    backup.age_high = age.duration("high", Duration{0}, age_most).value_or(backup.age_high);
    backup.age_critical = age.duration("critical", Duration{0}, age_most).value_or(backup.age_critical);
    age.finish();
    if (backup.age_high > backup.age_critical)
        reader.fault("max_age", "high must not be later than critical (now " + format_duration(backup.age_high) + ", " +
                                    format_duration(backup.age_critical) + ")");
}

void read_size(MapReader& reader, BackupBaseline& backup) {
    const auto* node = reader.node("size");
    if (node == nullptr) return;
    MapReader size{reader.file(), *node, reader.key_of("size"), reader.faults()};
    backup.size_percent = size.integer("least_percent", 1, percent_most).value_or(backup.size_percent);
    backup.size_of_last = size.integer("of_last", 0, samples_most).value_or(backup.size_of_last);
    size.finish();
}

std::string_view without_domain(std::string_view host) { return host.substr(0, host.find('.')); }

}  // namespace

bool counts_for(const BackupBaseline& baseline, const std::string& here, const std::string& host) {
    const auto& wanted = baseline.host ? *baseline.host : here;
    if (wanted == "*" || wanted == host) return true;
    return wanted.find('.') == std::string::npos && wanted == without_domain(host);
}

std::shared_ptr<const Check> read_backup(MapReader& reader, CheckName name) {
    BackupBaseline backup;
    backup.common.name = std::move(name);
    backup.common.controls = {{"164.308(a)(7)(ii)(A)", "164.310(d)(2)(iv)"}, {"CP-9", "CP-4"}};
    backup.common = read_settings(reader, std::move(backup.common));
    backup.kind = read_kind(reader);
    if (reader.node("kind") == nullptr || backup.kind != BackupKind::undeclared) refuse_strangers(reader, backup.kind);
    read_tool(reader, backup);
    backup.status_file = reader.path("status_file").value_or("");
    if (backup.kind == BackupKind::status_file)
        reader.require("status_file", "it is what the backup job writes after each run");
    backup.restore_test_file = reader.path("restore_test_file");
    read_age(reader, backup);
    backup.restore_age_most =
        reader.duration("restore_test_max_age", Duration{0}, age_most).value_or(backup.restore_age_most);
    read_size(reader, backup);
    return std::make_shared<BackupCheck>(std::move(backup), BackupHost::of_this_machine());
}

}  // namespace agent
