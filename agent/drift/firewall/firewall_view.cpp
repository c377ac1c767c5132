#include "drift/firewall/firewall_view.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "drift/firewall/iptables_lines.hpp"

namespace agent {
namespace {

// 8 MiB are some 50,000 rules; of what is larger, memory would tell before the verdict does.
constexpr std::size_t output_most = 8UL * 1024UL * 1024UL;
constexpr std::size_t table_names_most = 4096;
constexpr Duration program_limit{10'000};

// One side of iptables: all that differs between IPv4 and IPv6.
struct Protocol {
    std::string_view family;  // nft's
    std::string_view program;
    std::string_view table_names;  // below /proc/net
};
constexpr Protocol version_4{"ip", "iptables", "ip_tables_names"};
constexpr Protocol version_6{"ip6", "ip6tables", "ip6_tables_names"};
constexpr std::array<std::string_view, 5> iptables_tables{"filter", "nat", "mangle", "raw", "security"};

std::optional<std::filesystem::path> find_program(const FirewallHost& host, const std::string& name) {
    for (const auto& folder : host.folders) {
        std::error_code ignored;
        auto program = folder / name;
        if (std::filesystem::exists(program, ignored)) return program;
    }
    return std::nullopt;
}

std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

Result<std::string> understand(const std::filesystem::path& program, const CommandExit& exit) {
    const auto& output = exit.standard_output;
    const auto& complaint = exit.standard_error.head;
    if (exit.status != 0) {
        const auto said = agent::quoted(complaint.substr(0, complaint.find('\n')));
        const bool lacks_right = complaint.find("Operation not permitted") != std::string::npos ||
                                 complaint.find("Permission denied") != std::string::npos;
        if (lacks_right)
            return Error{Errc::refused,
                         program.native() + " needs the capability CAP_NET_ADMIN (run as root): " + said};
        return Error{Errc::system,
                     program.native() + " ended with status " + std::to_string(exit.status) + ": " + said};
    }
    if (!output.complete() || !output.tail.empty())
        return Error{Errc::malformed,
                     program.native() + " printed more than " + std::to_string(output_most) + " bytes"};
    return output.head;
}

class Looking {
public:
    Looking(const FirewallHost& host, const FirewallBaseline& baseline, CheckTools& tools)
        : host_{host}, baseline_{baseline}, tools_{tools} {}

    Task<FirewallView> look() {
        FirewallView view;
        view.nft = find_program(host_, "nft");
        if (view.nft) {
            std::vector<std::string> arguments{"-j", "list", "ruleset"};
            auto listing = co_await print(*view.nft, std::move(arguments));
            if (is_cancelled(listing)) co_return std::move(listing).error();
            view.nftables = understand_listing(*view.nft, listing);
            note_extensions(view);
        }
        auto four = co_await look_at_iptables(version_4, view);
        if (four.has_error()) co_return std::move(four).error();
        auto six = co_await look_at_iptables(version_6, view);
        if (six.has_error()) co_return std::move(six).error();
        view.iptables = std::move(four).value();
        view.ip6tables = std::move(six).value();
        co_return view;
    }

private:
    template <class T>
    static bool is_cancelled(const Result<T>& result) {
        return result.has_error() && result.error().code() == Errc::cancelled;
    }

    Task<std::string> print(std::filesystem::path program, std::vector<std::string> arguments) {
        Command command;
        command.program = program;
        command.arguments = std::move(arguments);
        command.deadline = tools_.patience(program_limit);
        command.head_limit = output_most;
        // Hours in rules are printed in local time, which would be another in summer.
        command.environment = {"TZ=UTC"};
        auto exit = co_await tools_.processes.run(std::move(command));
        if (exit.has_error()) co_return std::move(exit).error().in_context(program.native());
        co_return understand(program, exit.value());
    }

    Result<Ruleset> understand_listing(const std::filesystem::path& nft, const Result<std::string>& listing) const {
        if (listing.has_error()) return listing.error();
        AGENT_TRY(auto ruleset, in_context(read_nft_output(listing.value()), nft.native()));
        for (const auto& set : baseline_.dynamic_sets) ruleset.forget_elements(set);
        return ruleset;
    }

    void note_extensions(FirewallView& view) {
        if (view.nftables.has_error()) return;
        for (const auto& [key, object] : view.nftables.value().objects) {
            const auto holds_one = [](const FirewallRule& rule) {
                const auto is_one = [](const Value& statement) { return statement.find("xt") != nullptr; };
                return std::ranges::any_of(*rule.expressions.array(), is_one);
            };
            if (!std::ranges::any_of(object.rules, holds_one)) continue;
            const bool iptables_knows = key.family == version_4.family || key.family == version_6.family;
            if (iptables_knows) extended_.insert({key.family, key.table});
            if (!iptables_knows) view.hidden.push_back(key.where());
        }
    }

    // True where iptables' own words for what is in nft's tables are needed.
    [[nodiscard]] bool wants_words(const Protocol& protocol, const FirewallView& view) const {
        if (!view.nft || view.nftables.has_error()) return true;
        const auto& approved = protocol.family == version_4.family ? baseline_.iptables : baseline_.ip6tables;
        for (const auto& [key, object] : view.nftables.value().objects) {
            if (key.family != protocol.family) continue;
            if (extended_.contains({key.family, key.table})) return true;
            if (approved && std::ranges::find(iptables_tables, key.table) != iptables_tables.end()) return true;
        }
        return false;
    }

    // The tables that the kernel holds of iptables before nftables.
    Result<std::vector<std::string>> legacy_tables(const Protocol& protocol) const {
        std::vector<std::string> tables;
        const auto& names = tools_.facts.file(host_.proc_net / protocol.table_names, table_names_most);
        if (names.has_error() && names.error().code() == Errc::not_found) return tables;
        if (names.has_error()) return names.error();
        std::istringstream lines{names.value()};
        for (std::string name; lines >> name;) tables.push_back(name);
        return tables;
    }

    std::optional<std::filesystem::path> save_program(const Protocol& protocol, std::string_view kind) const {
        const std::string name{protocol.program};
        auto program = find_program(host_, name + '-' + std::string{kind} + "-save");
        return program ? program : find_program(host_, name + "-save");
    }

    // Lines of one program, which must show all of `tables`.
    Task<std::vector<std::string>> save(std::filesystem::path program, std::vector<std::string> tables) {
        std::vector<std::string> no_arguments;
        auto output = co_await print(program, std::move(no_arguments));
        if (output.has_error()) co_return std::move(output).error();
        for (const auto& table : tables) {
            if (('\n' + output.value()).find("\n*" + table + '\n') != std::string::npos) continue;
            co_return Error{Errc::malformed, program.native() + " does not show the table " + agent::quoted(table, 40) +
                                                 ", which the kernel has"};
        }
        if (output.value().find("is incompatible, use 'nft' tool") != std::string::npos)
            co_return Error{Errc::malformed, program.native() + " cannot show all tables: install nftables"};
        co_return in_context(read_iptables_save(output.value()), program.native());
    }

    Task<IptablesView> look_at_iptables(Protocol protocol, const FirewallView& view) {
        IptablesView seen;
        auto legacy = legacy_tables(protocol);
        if (legacy.has_error()) {
            seen.lines = std::move(legacy).error();
            co_return seen;
        }
        const bool has_legacy = !legacy.value().empty();
        if (has_legacy) {
            const auto hint =
                "the kernel holds tables of " + std::string{protocol.program} + " (" + join(legacy.value()) + ")";
            const auto program = save_program(protocol, "legacy");
            auto added = co_await add_lines(seen, program, std::move(legacy).value(), hint);
            if (is_cancelled(added)) co_return std::move(added).error();
        }
        if (seen.lines.has_error() || !wants_words(protocol, view)) co_return seen;
        const auto extended = extended_tables(protocol);
        auto program = save_program(protocol, "nft");
        // The only one there is has been asked already.
        if (program && has_legacy && program->filename() == std::string{protocol.program} + "-save") program.reset();
        if (!program && extended.empty()) co_return seen;
        const auto hint =
            "rules of " + join(extended) + " hold extensions of iptables, whose arguments nft does not show";
        auto added = co_await add_lines(seen, program, extended, hint);
        if (is_cancelled(added)) co_return std::move(added).error();
        co_return seen;
    }

    std::vector<std::string> extended_tables(const Protocol& protocol) const {
        std::vector<std::string> tables;
        for (const auto& [family, table] : extended_)
            if (family == protocol.family) tables.push_back(table);
        return tables;
    }

    Task<> add_lines(IptablesView& seen, std::optional<std::filesystem::path> program, std::vector<std::string> tables,
                     std::string hint) {
        if (!program) {
            seen.lines = Error{Errc::not_found, hint + ": install iptables, whose iptables-save shows them"};
            co_return ok();
        }
        seen.programs.push_back(program->native());
        auto lines = co_await save(*program, std::move(tables));
        if (is_cancelled(lines)) co_return std::move(lines).error();
        if (lines.has_error()) {
            seen.lines = std::move(lines).error();
            co_return ok();
        }
        if (seen.lines.has_error()) co_return ok();
        auto& all = seen.lines.value();
        all.insert(all.end(), lines.value().begin(), lines.value().end());
        co_return ok();
    }

    const FirewallHost& host_;
    const FirewallBaseline& baseline_;
    CheckTools& tools_;
    std::set<std::pair<std::string, std::string>> extended_;  // family and table
};

}  // namespace

Task<FirewallView> look_at_firewall(const FirewallHost& host, const FirewallBaseline& baseline, CheckTools& tools) {
    Looking looking{host, baseline, tools};
    auto view = co_await looking.look();
    co_return view;
}

}  // namespace agent
