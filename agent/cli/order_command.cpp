// `order`: its subcommands that talk to the order server; the local ones are in order_local_command.cpp.
#include <algorithm>

#include "cli/operator_client.hpp"
#include "cli/session.hpp"
#include "model/limits.hpp"
#include "model/vocabulary.hpp"

namespace agent::cli {
namespace {

constexpr Duration poll_pause{500};

struct StatusOptions {
    std::string id;
    std::string wait;
    bool json{};
};

std::string member(const Value& value, std::string_view name) {
    const auto* found = value.find(name);
    return found != nullptr && found->string() != nullptr ? *found->string() : "-";
}

// A refusal is an answer; a server that cannot be reached leaves the question open.
int failed_with_answer(const Error& error) {
    return failed_with(error, error.code() == Errc::refused ? not_fine : undetermined);
}

int submit(const CommandLine& line, const std::filesystem::path& file) {
    const auto [loaded, status] = load(line, FileChecks::operator_side);
    if (!loaded) return status;
    const auto envelope = read_input(file, limits::pending_answer_bytes);
    if (envelope.has_error()) return failed_with(envelope.error(), undetermined);
    OperatorClient client{loaded->settings};
    const auto answer = client.post("/api/orders", envelope.value());
    if (answer.has_error()) return failed_with_answer(answer.error());
    print_line(member(answer.value(), "order_id"));
    return fine;
}

int exit_status_of(const Value& order) {
    const auto status = parse_word<OrderStatus>(member(order, "status"));
    if (!status || !is_final(*status)) return undetermined;
    return *status == OrderStatus::completed ? fine : not_fine;
}

void print(const Value& order) {
    Table table{{"ORDER", "STATUS", "REASON", "UPDATED", "BUNDLE"}};
    const auto add = [&](const std::string& name, const Value& row) {
        const auto status = parse_word<OrderStatus>(member(row, "status"));
        const auto colour = !status || !is_final(*status)       ? Colour::yellow
                            : *status == OrderStatus::completed ? Colour::green
                                                                : Colour::red;
        table.add(
            {name, member(row, "status"), member(row, "reason"), member(row, "updated_at"), member(row, "bundle_id")},
            colour);
    };
    add(member(order, "order_id"), order);
    const auto* hosts = order.find("hosts");
    if (hosts != nullptr && hosts->array() != nullptr)
        for (const auto& host : *hosts->array()) add("  " + member(host, "host_id"), host);
    table.print();
}

Result<Value> wait_for(OperatorClient& client, const std::string& target, Duration wait) {
    const auto give_up = client.now() + wait;
    for (;;) {
        AGENT_TRY(auto order, client.get(target));
        const auto now = client.now();
        if (exit_status_of(order) != undetermined || now >= give_up) return order;
        client.pause(std::min(poll_pause, give_up - now));
    }
}

int status(const CommandLine& line, const StatusOptions& options) {
    Duration wait{0};
    if (!options.wait.empty()) {
        const auto parsed = parse_duration(options.wait);
        if (parsed.has_error()) return failed_with(Error{parsed.error()}.in_context("--wait"), usage);
        wait = parsed.value();
    }
    const auto [loaded, exit] = load(line, FileChecks::operator_side);
    if (!loaded) return exit;
    OperatorClient client{loaded->settings};
    const auto order = wait_for(client, "/api/orders/" + percent_encode(options.id) + "/status", wait);
    if (order.has_error()) return failed_with_answer(order.error());
    if (options.json)
        print_json(order.value());
    else
        print(order.value());
    return exit_status_of(order.value());
}

}  // namespace

void add_order(CLI::App& app, CommandLine& line) {
    auto* order = app.add_subcommand("order", "Orders: sign, verify, submit, follow");
    order->require_subcommand(1);
    add_local_order_commands(*order, line);

    auto* submit_command = order->add_subcommand("submit", "Hands a signed envelope to the order server");
    auto envelope = std::make_shared<std::filesystem::path>();
    submit_command->add_option("ENVELOPE", *envelope, "signed envelope; - for standard input")->required();
    submit_command->callback(
        [&line, envelope] { line.chosen = [&line, envelope] { return submit(line, *envelope); }; });

    auto* status_command = order->add_subcommand("status", "What became of an order, as the server knows it");
    auto options = std::make_shared<StatusOptions>();
    status_command->add_option("ID", options->id, "order id")->required();
    status_command->add_option("--wait", options->wait, "wait until it is final, at most this long: 30s");
    status_command->add_flag("--json", options->json, "as JSON");
    status_command->callback([&line, options] { line.chosen = [&line, options] { return status(line, *options); }; });
}

}  // namespace agent::cli
