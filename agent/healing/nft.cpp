#include "healing/nft.hpp"

#include <array>
#include <filesystem>

#include "base/text.hpp"
#include "codec/json.hpp"

namespace agent {
namespace {

constexpr std::array nft_programs{"/usr/sbin/nft", "/sbin/nft", "/run/current-system/sw/bin/nft"};
constexpr std::size_t nft_output_most = 8UL * 1024UL * 1024UL;
constexpr std::size_t nft_deepest = 48;  // as the check reads it
constexpr std::size_t nft_complaint_shown = 400;
constexpr Duration nft_limit{30'000};

Result<std::filesystem::path> find_nft() {
    for (const std::filesystem::path program : nft_programs) {
        std::error_code ignored;
        if (std::filesystem::exists(program, ignored)) return program;
    }
    return Error{Errc::not_found, "nft is not there; install nftables"};
}

Result<std::string> understand_nft(const std::filesystem::path& nft, const CommandExit& exit) {
    const auto& complaint = exit.standard_error.head;
    if (exit.status != 0) {
        const bool lacks_right = complaint.find("Operation not permitted") != std::string::npos;
        return Error{lacks_right ? Errc::refused : Errc::system,
                     nft.native() +
                         (lacks_right ? " needs the capability CAP_NET_ADMIN (run as root): "
                                      : " ended with status " + std::to_string(exit.status) + ": ") +
                         agent::quoted(complaint, nft_complaint_shown)};
    }
    if (!exit.standard_output.complete() || !exit.standard_output.tail.empty())
        return Error{Errc::malformed,
                     nft.native() + " printed more than " + std::to_string(nft_output_most) + " bytes"};
    return exit.standard_output.head;
}

Task<std::string> run_nft(ProcessRunner& processes, std::vector<std::string> arguments, std::string input) {
    AGENT_CO_TRY(const auto nft, find_nft());
    Command command;
    command.program = nft;
    command.arguments = std::move(arguments);
    command.input = std::move(input);
    command.deadline = nft_limit;
    command.head_limit = nft_output_most;
    // Hours in rules are printed and read in local time, which would be another in summer.
    command.environment = {"TZ=UTC"};
    command.privileges = Privileges::packet_filter;
    auto exit = co_await processes.run(std::move(command));
    if (exit.has_error()) co_return std::move(exit).error().in_context(nft.native());
    co_return understand_nft(nft, exit.value());
}

Result<FirewallListing> read_listing(std::string_view json, const std::vector<std::string>& dynamic_sets) {
    AGENT_TRY(auto output, parse_json(json, nft_deepest));
    const auto* items = output.find("nftables");
    if (items == nullptr || items->array() == nullptr) return Error{Errc::malformed, "no list \"nftables\" in it"};
    FirewallListing listing;
    listing.items = *items->array();
    AGENT_TRY(listing.ruleset, read_ruleset(listing.items));
    for (const auto& set : dynamic_sets) listing.ruleset.forget_elements(set);
    return listing;
}

Task<> hand_over(ProcessRunner& processes, std::vector<std::string> arguments, NftCommands commands) {
    if (commands.language == NftCommands::Language::json) arguments.emplace_back("-j");
    arguments.emplace_back("-f");
    arguments.emplace_back("-");
    auto done = co_await run_nft(processes, std::move(arguments), std::move(commands.text));
    if (done.has_error()) co_return std::move(done).error();
    co_return ok();
}

}  // namespace

Task<FirewallListing> list_firewall(ProcessRunner& processes, std::vector<std::string> dynamic_sets) {
    std::vector<std::string> arguments{"-j", "list", "ruleset"};
    std::string no_input;
    auto printed = co_await run_nft(processes, std::move(arguments), std::move(no_input));
    AGENT_CO_TRY(const auto json, std::move(printed));
    co_return in_context(read_listing(json, dynamic_sets), "what nft printed");
}

Task<std::string> print_table(ProcessRunner& processes, TableName table) {
    // nft reads its arguments as it reads a file: a name must not become a command.
    const auto declared = declared_tables("table " + table.words() + " { }");
    if (declared.has_error() || declared.value() != std::vector{table})
        co_return Error{Errc::refused, "a table of the packet filter has a name that nft cannot be told: " +
                                           agent::quoted(table.words(), 120) + "; look at it by hand"};
    std::vector<std::string> arguments{"list", "table", table.family, table.name};
    std::string no_input;
    auto printed = co_await run_nft(processes, std::move(arguments), std::move(no_input));
    co_return printed;
}

Task<> try_out(ProcessRunner& processes, NftCommands commands) {
    std::vector<std::string> arguments{"-c"};
    auto tried = co_await hand_over(processes, std::move(arguments), std::move(commands));
    co_return tried;
}

Task<> carry_out(ProcessRunner& processes, NftCommands commands) {
    std::vector<std::string> arguments;
    auto done = co_await hand_over(processes, std::move(arguments), std::move(commands));
    co_return done;
}

}  // namespace agent
