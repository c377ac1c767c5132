#include "drift/custom/user_check.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/fields.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::size_t file_most = 8UL * 1024UL * 1024UL;
constexpr std::size_t name_most = 64;

using Names = std::set<std::string, std::less<>>;
using Line = std::vector<std::string_view>;

// passwd(5), group(5), shadow(5)
constexpr std::size_t password_field = 1;
constexpr std::size_t id_field = 2;
constexpr std::size_t primary_group_field = 3;
constexpr std::size_t members_field = 3;
constexpr std::size_t shell_field = 6;

Result<std::vector<Line>> lines_of(RoundFacts& facts, const std::filesystem::path& file, std::size_t fields) {
    const auto& text = facts.file(file, file_most);
    if (text.has_error()) return text.error();
    std::vector<Line> lines;
    for (const auto line : fields_of(text.value(), '\n')) {
        if (line.empty() || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) continue;
        auto words = fields_of(line, ':');
        if (words.size() < fields)
            return Error{Errc::malformed, file.native() + ": a line of " + std::to_string(words.size()) +
                                              " fields, not " + std::to_string(fields)};
        lines.push_back(std::move(words));
    }
    return lines;
}

const Line* line_of(const std::vector<Line>& lines, std::string_view name) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line[0] == name; });
    return found == lines.end() ? nullptr : &*found;
}

std::string joined_names(const Names& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

std::vector<std::string> listed(const Names& names) { return {names.begin(), names.end()}; }

Names superusers_in(const std::vector<Line>& passwd) {
    Names found;
    // 00 is 0 to whoever reads a number.
    const auto is_zero = [](std::string_view id) {
        return !id.empty() && id.find_first_not_of('0') == std::string_view::npos;
    };
    for (const auto& line : passwd)
        if (is_zero(line[id_field])) found.emplace(line[0]);
    return found;
}

Names members_of(const Line& group, const std::vector<Line>& passwd) {
    Names found;
    for (const auto member : fields_of(group[members_field], ','))
        if (!member.empty()) found.emplace(member);
    for (const auto& account : passwd)
        if (account[primary_group_field] == group[id_field]) found.emplace(account[0]);
    return found;
}

// What stands where a password may: in passwd itself, or in shadow.
Result<std::string> password_of(RoundFacts& facts, const AccountFiles& files, const Line& account) {
    if (account[password_field] != "x") return std::string{account[password_field]};
    AGENT_TRY(const auto shadow, lines_of(facts, files.shadow, password_field + 1));
    const auto* line = line_of(shadow, account[0]);
    if (line == nullptr)
        return Error{Errc::not_found, files.shadow.native() + " has no line of " + std::string{account[0]}};
    return std::string{(*line)[password_field]};
}

class AccountJudge {
public:
    AccountJudge(const UserBaseline& baseline, CheckReport& report) : baseline_{baseline}, report_{report} {}

    void compare(const std::string& condition, const std::string& expected, const std::string& found,
                 const std::string& subject) {
        report_.state.set(condition, found);
        if (expected == found) return report_.findings.push_back(fine(condition, expected, found));
        report_.findings.push_back(drifted(condition, baseline_.common.severity, expected, found,
                                           subject + ": " + found + ", not " + expected));
    }
    void could_not_tell(const std::string& condition, const std::string& expected, const Error& error) {
        report_.findings.push_back(undetermined(condition, baseline_.common.severity, expected, error));
    }
    [[nodiscard]] const UserBaseline& baseline() const noexcept { return baseline_; }

private:
    const UserBaseline& baseline_;
    CheckReport& report_;
};

void judge_superusers(AccountJudge& judge, const Result<std::vector<Line>>& passwd) {
    const auto& allowed = *judge.baseline().superusers;
    const auto expected = joined_names(Names{allowed.begin(), allowed.end()});
    if (passwd.has_error()) return judge.could_not_tell("uid_0", expected, passwd.error());
    judge.compare("uid_0", expected, joined_names(superusers_in(passwd.value())), "accounts with uid 0");
}

std::string describe_lock(std::string_view password) {
    if (password.starts_with('!') || password.starts_with('*')) return "locked";
    return password.empty() ? "without a password" : "has a password";
}

void judge_lock(AccountJudge& judge, RoundFacts& facts, const AccountFiles& files, const Line& account) {
    const std::string expected = *judge.baseline().locked ? "locked" : "has a password";
    const auto name = std::string{account[0]};
    const auto password = password_of(facts, files, account);
    if (password.has_error()) return judge.could_not_tell("locked", expected, password.error());
    judge.compare("locked", expected, describe_lock(password.value()), name);
}

void judge_account(AccountJudge& judge, RoundFacts& facts, const AccountFiles& files,
                   const Result<std::vector<Line>>& passwd) {
    const auto& baseline = judge.baseline();
    const std::string expected = baseline.exists ? "exists" : "does not exist";
    if (passwd.has_error()) return judge.could_not_tell("account", expected, passwd.error());
    const auto* line = line_of(passwd.value(), *baseline.account);
    judge.compare("account", expected, line != nullptr ? "exists" : "does not exist", "account " + *baseline.account);
    if (line == nullptr || !baseline.exists) return;
    if (baseline.shell)
        judge.compare("shell", *baseline.shell, std::string{(*line)[shell_field]}, "shell of " + *baseline.account);
    if (baseline.locked) judge_lock(judge, facts, files, *line);
}

void judge_group(AccountJudge& judge, RoundFacts& facts, const AccountFiles& files,
                 const Result<std::vector<Line>>& passwd) {
    const auto& baseline = judge.baseline();
    const auto expected = joined_names(Names{baseline.members.begin(), baseline.members.end()});
    const auto groups = lines_of(facts, files.group, members_field + 1);
    if (groups.has_error()) return judge.could_not_tell("members", expected, groups.error());
    if (passwd.has_error()) return judge.could_not_tell("members", expected, passwd.error());
    const auto* group = line_of(groups.value(), *baseline.group);
    if (group == nullptr) return judge.compare("members", expected, "no such group", "group " + *baseline.group);
    judge.compare("members", expected, joined_names(members_of(*group, passwd.value())),
                  "members of group " + *baseline.group);
}

std::optional<std::string> read_account_name(MapReader& keys, std::string_view key) {
    auto name = keys.text(key);
    if (name && (name->size() > name_most || name->find_first_of(":, \n") != std::string::npos))
        keys.fault(key, "no name of an account or group: " + agent::quoted(*name, 80));
    return name;
}

void learn_account(const UserBaseline& baseline, RoundFacts& facts, const AccountFiles& files,
                   const std::vector<Line>& passwd, Learnt& learnt) {
    const auto* line = line_of(passwd, *baseline.account);
    learnt.say("exists", line != nullptr);
    if (line == nullptr) {
        learnt.settled = {"shell", "locked"};
        return;
    }
    const std::string shell{(*line)[shell_field]};
    if (baseline.shell && !shell.empty()) learnt.say("shell", shell);
    if (!baseline.locked) return;
    const auto password = password_of(facts, files, *line);
    if (password.has_error()) return learnt.unknown.push_back(password.error().message());
    const auto lock = describe_lock(password.value());
    if (lock == "without a password")
        return learnt.remarks.push_back("it is " + lock + ": no baseline can expect that");
    learnt.say("locked", lock == "locked");
}

void learn_group(const UserBaseline& baseline, RoundFacts& facts, const AccountFiles& files,
                 const std::vector<Line>& passwd, Learnt& learnt) {
    const auto groups = lines_of(facts, files.group, members_field + 1);
    if (groups.has_error()) return learnt.unknown.push_back(groups.error().message());
    const auto* group = line_of(groups.value(), *baseline.group);
    if (group == nullptr) return learnt.remarks.push_back("there is no group " + *baseline.group);
    learnt.say("members", listed(members_of(*group, passwd)));
}

}  // namespace

std::shared_ptr<const Check> read_user_check(MapReader& keys, CheckName name) {
    UserBaseline user;
    user.common.name = std::move(name);
    user.common.controls = {{"164.312(a)(2)(i)", "164.308(a)(3)(ii)(C)"}, {"AC-2", "AC-6"}};
    user.common = read_settings(keys, std::move(user.common));
    user.superusers = keys.texts("uid_0");
    user.account = read_account_name(keys, "account");
    user.exists = keys.boolean("exists").value_or(true);
    user.shell = keys.text("shell");
    user.locked = keys.boolean("locked");
    user.group = read_account_name(keys, "group");
    const auto members = keys.texts("members");
    user.members = members.value_or(std::vector<std::string>{});
    if (!user.account && (keys.node("exists") != nullptr || user.shell || user.locked))
        keys.fault("account", "exists, shell and locked are those of an account: say which");
    if (!user.exists && (user.shell || user.locked))
        keys.fault("exists", "an account that must not exist has no shell and no lock");
    if (user.group.has_value() != members.has_value())
        keys.fault("group", "group and members belong together: say both");
    if (!user.superusers && !user.account && !user.group)
        keys.fault("kind", "expects nothing; say at least one of uid_0, account, group");
    return std::make_shared<UserCheck>(std::move(user));
}

Task<CheckReport> UserCheck::look(CheckTools& tools, std::string&) const {
    auto report = report_on(baseline_.common);
    AccountJudge judge{baseline_, report};
    const auto passwd = lines_of(tools.facts, files_.passwd, shell_field + 1);
    if (baseline_.superusers) judge_superusers(judge, passwd);
    if (baseline_.account) judge_account(judge, tools.facts, files_, passwd);
    if (baseline_.group) judge_group(judge, tools.facts, files_, passwd);
    report.facts = report.state;
    if (baseline_.account) report.facts.set("name", *baseline_.account);
    if (baseline_.group) report.facts.set("group", *baseline_.group);
    conclude(report, baseline_.common);
    co_return report;
}

std::string UserCheck::explain() const {
    std::string text = "Looks into " + files_.passwd.native() + " and its like:";
    if (baseline_.superusers) text += " which accounts have uid 0;";
    if (baseline_.account) text += " account " + *baseline_.account + ";";
    if (baseline_.group) text += " the members of group " + *baseline_.group + ", primary ones included;";
    text.back() = '.';
    return text +
           " An account that nobody knows of is a door that nobody locks. Accounts of a directory service are "
           "not in these files and not looked at.";
}

Task<Learnt> UserCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from = files_.passwd.native() + " and its like";
    const auto passwd = lines_of(tools.facts, files_.passwd, shell_field + 1);
    if (passwd.has_error()) {
        learnt.unknown.push_back(passwd.error().message());
        co_return learnt;
    }
    if (baseline_.superusers) learnt.say("uid_0", listed(superusers_in(passwd.value())));
    if (baseline_.account) learn_account(baseline_, tools.facts, files_, passwd.value(), learnt);
    if (baseline_.group) learn_group(baseline_, tools.facts, files_, passwd.value(), learnt);
    co_return learnt;
}

}  // namespace agent
