#include "store/check_memory.hpp"

#include <algorithm>

#include "store/columns.hpp"

namespace agent {
namespace {

Result<RememberedCheck> read_check(const Statement& row) {
    AGENT_TRY(const auto result, word_column<CheckResult>(row, 1));
    AGENT_TRY(const auto severity, word_column<Severity>(row, 2));
    if (!result) return Error{Errc::corrupt, "the state file's last result of a check is damaged"};
    return RememberedCheck{CheckName{row.text(0)}, *result, severity, row.text(3), row.text(4), time_column(row, 5),
                           time_column(row, 6)};
}

Result<std::vector<std::string>> names_of(Database& database, std::string_view sql) {
    AGENT_TRY(auto statement, database.prepare(sql));
    std::vector<std::string> names;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return names;
        names.push_back(statement.text(0));
    }
}

}  // namespace

Result<std::optional<RememberedCheck>> CheckMemory::last(const CheckName& name) {
    AGENT_TRY(auto statement, database_->prepare("SELECT name, result, severity, reason, state_digest, last_run, "
                                                 "last_change FROM check_results WHERE name = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, name.str()).step());
    if (!row) return std::optional<RememberedCheck>{};
    AGENT_TRY(auto check, read_check(statement));
    return std::optional<RememberedCheck>{std::move(check)};
}

Result<std::vector<RememberedCheck>> CheckMemory::all() {
    AGENT_TRY(auto statement, database_->prepare("SELECT name, result, severity, reason, state_digest, last_run, "
                                                 "last_change FROM check_results ORDER BY name"));
    std::vector<RememberedCheck> checks;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return checks;
        AGENT_TRY(auto check, read_check(statement));
        checks.push_back(std::move(check));
    }
}

Result<> CheckMemory::remember(Transaction&, const RememberedCheck& check) {
    AGENT_TRY(auto statement,
              database_->prepare("INSERT OR REPLACE INTO check_results (name, result, severity, reason, "
                                 "state_digest, last_run, last_change) "
                                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    statement.bind(1, check.name.str()).bind(2, to_string(check.result));
    bind_word(statement, 3, check.severity);
    statement.bind(4, check.reason).bind(5, check.state_digest);
    return statement.bind(6, to_column(check.last_run)).bind(7, to_column(check.last_change)).run();
}

Result<> CheckMemory::keep_only(Transaction&, const std::vector<CheckName>& names) {
    AGENT_TRY(const auto known, names_of(*database_,
                                         "SELECT name FROM check_results UNION SELECT name FROM check_notes UNION "
                                         "SELECT name FROM check_changes"));
    for (const auto& name : known) {
        if (std::ranges::find(names, CheckName{name}) != names.end()) continue;
        AGENT_TRY(auto result, database_->prepare("DELETE FROM check_results WHERE name = ?1"));
        AGENT_TRY(result.bind(1, name).run());
        AGENT_TRY(auto notes, database_->prepare("DELETE FROM check_notes WHERE name = ?1"));
        AGENT_TRY(notes.bind(1, name).run());
        AGENT_TRY(auto changes, database_->prepare("DELETE FROM check_changes WHERE name = ?1"));
        AGENT_TRY(changes.bind(1, name).run());
    }
    return ok();
}

Result<std::vector<WallTime>> CheckMemory::changes_since(const CheckName& name, WallTime since) {
    AGENT_TRY(auto statement, database_->prepare("SELECT changed_at FROM check_changes WHERE name = ?1 AND "
                                                 "changed_at >= ?2 ORDER BY changed_at"));
    statement.bind(1, name.str()).bind(2, to_column(since));
    std::vector<WallTime> changes;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return changes;
        changes.push_back(time_column(statement, 0));
    }
}

Result<> CheckMemory::note_change(Transaction&, const CheckName& name, WallTime at, WallTime forget_before) {
    AGENT_TRY(auto forget, database_->prepare("DELETE FROM check_changes WHERE name = ?1 AND changed_at < ?2"));
    AGENT_TRY(forget.bind(1, name.str()).bind(2, to_column(forget_before)).run());
    AGENT_TRY(auto add, database_->prepare("INSERT INTO check_changes (name, changed_at) VALUES (?1, ?2)"));
    return add.bind(1, name.str()).bind(2, to_column(at)).run();
}

Result<std::vector<HeldCheck>> CheckMemory::held() {
    AGENT_TRY(auto statement, database_->prepare("SELECT name, held_at, reason FROM held_checks ORDER BY name"));
    std::vector<HeldCheck> checks;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return checks;
        checks.push_back({CheckName{statement.text(0)}, time_column(statement, 1), statement.text(2)});
    }
}

Result<std::optional<std::string>> CheckMemory::held(const CheckName& name) {
    AGENT_TRY(auto statement, database_->prepare("SELECT reason FROM held_checks WHERE name = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, name.str()).step());
    return row ? std::optional{statement.text(0)} : std::nullopt;
}

Result<> CheckMemory::hold(Transaction&, const HeldCheck& check) {
    AGENT_TRY(auto insert, database_->prepare("INSERT INTO held_checks (name, held_at, reason) VALUES (?1, ?2, ?3) "
                                              "ON CONFLICT (name) DO NOTHING"));
    return insert.bind(1, check.name.str()).bind(2, to_column(check.since)).bind(3, check.reason).run();
}

Result<> CheckMemory::release(Transaction&, const CheckName& name) {
    AGENT_TRY(auto release, database_->prepare("DELETE FROM held_checks WHERE name = ?1"));
    AGENT_TRY(release.bind(1, name.str()).run());
    AGENT_TRY(auto forget, database_->prepare("DELETE FROM check_changes WHERE name = ?1"));
    return forget.bind(1, name.str()).run();
}

Result<std::string> CheckMemory::notes(const CheckName& name) {
    AGENT_TRY(auto statement, database_->prepare("SELECT notes FROM check_notes WHERE name = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, name.str()).step());
    return row ? statement.text(0) : std::string{};
}

Result<> CheckMemory::write_notes(Transaction&, const CheckName& name, std::string_view json) {
    AGENT_TRY(auto statement, database_->prepare("INSERT OR REPLACE INTO check_notes (name, notes) VALUES (?1, ?2)"));
    return statement.bind(1, name.str()).bind(2, json).run();
}

}  // namespace agent
