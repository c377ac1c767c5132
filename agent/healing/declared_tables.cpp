// Which tables a text in nft's language declares. Only as much of the language is read as that takes.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "healing/firewall_tables.hpp"

namespace agent {
namespace {

constexpr std::array<std::string_view, 6> table_families{"arp", "bridge", "inet", "ip", "ip6", "netdev"};

// Words, quoted strings and the two braces; comments, ends of lines and ';' lie between them.
class TableWords {
public:
    explicit TableWords(std::string_view text) : rest_{text} {}

    // Empty at the end.
    std::string_view next() {
        skip();
        if (rest_.empty()) return {};
        std::size_t length = 1;
        if (rest_.front() == '"')
            length = std::min(rest_.find('"', 1), rest_.size() - 1) + 1;
        else if (rest_.front() != '{' && rest_.front() != '}')
            length = std::min(rest_.find_first_of(" \t\r\n;#{}\""), rest_.size());
        return take(length);
    }
    [[nodiscard]] std::string at_line() const { return "line " + std::to_string(line_) + ": "; }

private:
    void skip() {
        for (;;) {
            take(std::min(rest_.find_first_not_of(" \t\r\n;"), rest_.size()));
            if (!rest_.starts_with('#')) return;
            take(std::min(rest_.find('\n'), rest_.size()));
        }
    }
    std::string_view take(std::size_t length) {
        const auto taken = rest_.substr(0, length);
        line_ += std::ranges::count(taken, '\n');
        rest_.remove_prefix(length);
        return taken;
    }

    std::string_view rest_;
    std::ptrdiff_t line_{1};
};

bool is_table_name(std::string_view word) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto may_follow = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
    return !word.empty() && word.size() <= 64 && is_letter(word.front()) && std::ranges::all_of(word, may_follow);
}

// From behind its "{" to its "}".
Result<> skip_block(TableWords& words, const TableName& table) {
    for (std::size_t open = 1; open > 0;) {
        const auto word = words.next();
        if (word.empty())
            return Error{Errc::malformed, words.at_line() + "the \"}\" of table " + table.words() + " is missing"};
        if (word == "include")
            return Error{Errc::malformed,
                         words.at_line() + "\"include\": the whole text must stand here, so that its digest covers it"};
        if (word == "{") ++open;
        if (word == "}") --open;
    }
    return ok();
}

Result<TableName> read_table(TableWords& words) {
    TableName table{"ip", {}};
    auto word = words.next();
    if (std::ranges::find(table_families, word) != table_families.end()) {
        table.family = word;
        word = words.next();
    }
    if (!is_table_name(word))
        return Error{Errc::malformed, words.at_line() + "not the name of a table: " + agent::quoted(word, 80)};
    table.name = word;
    if (words.next() != "{")
        return Error{Errc::malformed, words.at_line() + "\"{\" must follow \"table " + table.words() + '"'};
    AGENT_TRY(skip_block(words, table));
    return table;
}

}  // namespace

Result<std::vector<TableName>> declared_tables(std::string_view text) {
    std::vector<TableName> tables;
    TableWords words{text};
    for (auto word = words.next(); !word.empty(); word = words.next()) {
        if (word != "table")
            return Error{Errc::malformed, words.at_line() + agent::quoted(word, 80) +
                                              ": only whole tables can stand here: table FAMILY NAME { … }"};
        AGENT_TRY(auto table, read_table(words));
        if (std::ranges::find(tables, table) != tables.end())
            return Error{Errc::malformed, words.at_line() + "table " + table.words() + " is declared a second time"};
        tables.push_back(std::move(table));
    }
    if (tables.empty()) return Error{Errc::malformed, "it declares no table: table FAMILY NAME { … }"};
    return tables;
}

}  // namespace agent
