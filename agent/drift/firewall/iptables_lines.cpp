#include "drift/firewall/iptables_lines.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace agent {
namespace {

// Words of a line; what stands in double quotes (a comment, a log prefix) is one.
std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted_word = false;
    bool begun = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && quoted_word && i + 1 < line.size()) {
            word += line[++i];
        } else if (c == '"') {
            quoted_word = !quoted_word;
            begun = true;
        } else if (c == ' ' && !quoted_word) {
            if (begun) words.push_back(std::exchange(word, {}));
            begun = false;
        } else {
            word += c;
            begun = true;
        }
    }
    if (begun) words.push_back(std::move(word));
    return words;
}

bool is_untouched(const std::vector<std::string>& table) {
    return std::ranges::all_of(table, [](const std::string& line) {
        return line.starts_with('*') || (line.starts_with(':') && line.ends_with(" ACCEPT"));
    });
}

Value verdict(const std::string& option, const std::string& target) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> known{{{"ACCEPT", "accept"},
                                                                                  {"DROP", "drop"},
                                                                                  {"REJECT", "reject"},
                                                                                  {"TARPIT", "drop"},
                                                                                  {"RETURN", "return"},
                                                                                  {"QUEUE", "queue"},
                                                                                  {"NFQUEUE", "queue"}}};
    for (const auto& [name, word] : known)
        if (target == name) return Value::object({{std::string{word}, Value{}}});
    const bool goes = option == "-g" || option == "--goto";
    // Of the names of chains and of other targets, only chains have an effect here.
    return Value::object({{goes ? "goto" : "jump", Value::object({{"target", target}})}});
}

std::string_view without_counters(std::string_view line) {
    if (line.starts_with('[')) {  // "[0:0] -A INPUT …"
        const auto end = line.find("] ");
        if (end != std::string_view::npos) line.remove_prefix(end + 2);
    }
    if (line.starts_with(':') && line.ends_with(']')) {  // ":INPUT DROP [0:0]"
        const auto start = line.rfind(" [");
        if (start != std::string_view::npos) line = line.substr(0, start);
    }
    return line;
}

// Empty where the line says nothing.
Result<std::string> normal_line(std::string_view line) {
    while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#') || line == "COMMIT") return std::string{};
    const auto rest = without_counters(line);
    const bool is_table = rest.starts_with('*') && rest.size() > 1;
    const bool is_chain = rest.starts_with(':') && rest.size() > 1;
    const bool is_rule = rest.starts_with("-A ") && words_of(rest).size() >= 2;
    if (!is_table && !is_chain && !is_rule)
        return Error{Errc::malformed, agent::quoted(line, 80) + " is no line of iptables-save"};
    return std::string{rest};
}

}  // namespace

Result<std::vector<std::string>> read_iptables_save(std::string_view output) {
    std::vector<std::string> lines;
    std::vector<std::string> table;
    while (!output.empty()) {
        const auto end = output.find('\n');
        const auto line = output.substr(0, end);
        output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
        if (line == "COMMIT") {
            if (!is_untouched(table)) lines.insert(lines.end(), table.begin(), table.end());
            table.clear();
            continue;
        }
        AGENT_TRY(auto normal, normal_line(line));
        if (!normal.empty()) table.push_back(std::move(normal));
    }
    if (!table.empty())
        return Error{Errc::malformed, "the output breaks off in the table " + agent::quoted(table.front(), 80)};
    return lines;
}

Result<> IptablesReader::add(std::string_view line) {
    AGENT_TRY(auto normal, normal_line(line));
    if (normal.empty()) return ok();
    if (normal.starts_with('*')) return add_table(normal.substr(1));
    if (table_.empty())
        return Error{Errc::malformed, agent::quoted(normal, 80) + " stands before the first table (\"*filter\")"};
    return normal.starts_with(':') ? add_chain(std::string_view{normal}.substr(1)) : add_rule(normal);
}

Result<> IptablesReader::add_table(std::string name) {
    const auto times = std::ranges::count(tables_, name);
    tables_.push_back(name);
    table_ = std::move(name);
    nat_ = table_ == "nat";
    if (times > 0) table_ += '#' + std::to_string(times + 1);
    return reader_.add(Value::object({{"table", Value::object({{"family", family_}, {"name", table_}})}}));
}

Result<> IptablesReader::add_chain(std::string_view line) {
    const auto space = line.find(' ');
    const std::string name{line.substr(0, space)};
    const auto policy = space == std::string_view::npos ? "-" : line.substr(space + 1);
    Value body = Value::object({{"family", family_}, {"table", table_}, {"name", name}});
    if (policy != "-") {  // the kernel's own
        body.set("type", nat_ ? "nat" : "filter");
        body.set("hook", name);
        body.set("policy", policy == "DROP" ? std::string_view{"drop"} : policy == "ACCEPT" ? "accept" : policy);
    }
    return reader_.add(Value::object({{"chain", std::move(body)}}));
}

Result<> IptablesReader::add_rule(const std::string& line) {
    const auto words = words_of(line);
    Value::Array expressions{Value::object({{"iptables", line}})};
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
        const auto& option = words[i];
        if (option != "-j" && option != "--jump" && option != "-g" && option != "--goto") continue;
        expressions.push_back(verdict(option, words[i + 1]));
        break;
    }
    Value body = Value::object({{"family", family_}, {"table", table_}, {"chain", words[1]}});
    body.set("expr", std::move(expressions));
    return reader_.add(Value::object({{"rule", std::move(body)}}));
}

Result<Ruleset> ruleset_of_iptables(const std::vector<std::string>& lines, const std::string& family) {
    IptablesReader reader{family};
    for (const auto& line : lines) {
        AGENT_TRY(reader.add(line));
    }
    return reader.finish();
}

}  // namespace agent
