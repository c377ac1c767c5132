// The parts of `order` that need no network: sign and verify.
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cli/local_engine.hpp"
#include "cli/session.hpp"
#include "codec/envelope.hpp"
#include "codec/json.hpp"
#include "codec/order_codec.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "daemon/order_clock.hpp"
#include "host/machine.hpp"
#include "model/limits.hpp"
#include "orders/gates.hpp"

namespace agent::cli {
namespace {

constexpr std::size_t nonce_digits = 32;

struct SignOptions {
    std::vector<std::filesystem::path> keys;
    std::filesystem::path order{"-"};
};

Result<std::string> sign(const SignOptions& options) {
    AGENT_TRY(const auto text, read_input(options.order, limits::envelope_bytes));
    AGENT_TRY(auto order, in_context(parse_json(text), name_of_input(options.order)));
    if (order.object() == nullptr)
        return Error{Errc::malformed, name_of_input(options.order) + ": the order is no JSON object"};
    if (order.find("order_id") == nullptr) order.set("order_id", random_uuid());
    if (order.find("nonce") == nullptr) order.set("nonce", random_hex(nonce_digits));
    if (order.find("issued_at") == nullptr) order.set("issued_at", format_rfc3339(SystemTimeSource{}.wall_now()));
    if (order.find("params") == nullptr) order.set("params", Value{Value::Object{}});
    const auto payload = write_json(order);
    AGENT_TRY(const auto parsed, in_context(parse_order(payload), name_of_input(options.order)));
    if (parsed.ttl_seconds < limits::ttl_least_seconds || parsed.ttl_seconds > limits::ttl_most_seconds)
        complain("note: hosts refuse a ttl of " + std::to_string(parsed.ttl_seconds) + " s unless configured for it");
    const auto to_sign = pre_authentication_encoding(order_payload_type, payload);
    std::vector<EnvelopeSignature> signatures;
    for (const auto& file : options.keys) {
        AGENT_TRY(const auto key, PrivateKey::load(file));
        const auto signature = key.sign(to_sign);
        signatures.push_back({key.public_key().key_id().str(), std::string{text_of(signature)}});
    }
    auto envelope = write_envelope(order_payload_type, payload, signatures);
    if (envelope.size() > limits::envelope_bytes)
        return Error{Errc::malformed, "the envelope would have " + std::to_string(envelope.size()) +
                                          " bytes; hosts refuse more than " + std::to_string(limits::envelope_bytes)};
    return envelope;
}

// What `order verify` found, in the words of evidence.
struct Account {
    std::vector<GateEntry> gates;
    std::string verdict;  // pass, refuse, defer, handled
    std::string reason;
};

// When an order was accepted, and what became of it since.
std::string story_of(const OrderId& id, const LedgerEntry& entry) {
    auto story = "order " + id.str() + " was accepted at " + format_rfc3339(entry.accepted_at);
    switch (entry.state) {
        case LedgerState::deferred:
            story += " and waits";
            if (entry.deferred_for) story += " (" + std::string{reason_word(*entry.deferred_for)} + ")";
            break;
        case LedgerState::executing: story += " and is being carried out"; break;
        case LedgerState::done:
            story +=
                " and ended at " + format_rfc3339(entry.updated_at) + " with outcome " + entry.outcome.value_or("-");
            break;
    }
    return story + "; offered again it has no second effect";
}

// Gate 15 and local policy, for an order that would be carried out.
Result<> judge_run(const std::shared_ptr<const LoadedAgent>& loaded, StateStore* store, const OrderClock& clock,
                   const OrderPayload& order, Account& account) {
    const auto* runbook = loaded->runbooks.find(order.runbook_id);
    if (order.mode == OrderMode::plan || runbook == nullptr) return ok();
    if (order.plan_sha256) {
        AGENT_TRY(const auto params, runbook->parameters.check(order.params));
        LocalEngine engine{loaded, store};
        AGENT_TRY(const auto plan, engine.plan(*runbook, params));
        account.gates.push_back(judge_plan(order, plan.sha256));
        if (account.gates.back().verdict == Verdict::refuse) {
            account.verdict = "refuse";
            account.reason = reason_word(Gate::plan_changed);
            return ok();
        }
    }
    AGENT_TRY(const auto facts, policy_facts_of(*runbook, store, SystemTimeSource{}.wall_now(), clock.untrusted()));
    const auto deferral = judge_policy(loaded->policy, facts);
    if (!deferral) return ok();
    account.gates.push_back({deferral->reason, Verdict::defer, deferral->detail});
    account.verdict = "defer";
    account.reason = reason_word(deferral->reason);
    return ok();
}

Result<Account> verify(const std::shared_ptr<const LoadedAgent>& loaded, const std::string& envelope) {
    AGENT_TRY(const auto store, state_to_read(loaded->settings));
    const SystemTimeSource time;
    AGENT_TRY(auto boot, boot_id());
    auto remembered =
        store ? OrderClock::load(time, store->memory(), boot) : Result<OrderClock>{OrderClock{time, TimeMark{}, boot}};
    AGENT_TRY(const auto clock, std::move(remembered));
    AGENT_TRY(const auto questions, gate_questions_of(*loaded, store.get()));
    const OrderGates gates{gate_settings_of(*loaded)};
    AGENT_TRY(auto decision, gates.decide(envelope, std::nullopt, clock.now(), questions));
    Account account;
    if (auto* refusal = std::get_if<Refusal>(&decision)) {
        account = {std::move(refusal->gates), "refuse", std::string{reason_of(*refusal)}};
    } else if (const auto* handled = std::get_if<AlreadyHandled>(&decision)) {
        AGENT_TRY(const auto entry, store->orders().find(handled->order_id));
        account = {handled->gates, "handled", entry ? story_of(handled->order_id, *entry) : std::string{}};
    } else {
        auto& passed = std::get<PassedOrder>(decision);
        account = {std::move(passed.gates), "pass", ""};
        AGENT_TRY(judge_run(loaded, store.get(), clock, passed.order.payload(), account));
    }
    return account;
}

void print(const Account& account) {
    Table table{{"GATE", "VERDICT", "DETAIL"}};
    for (const auto& entry : account.gates)
        table.add({std::string{to_string(entry.gate)}, std::string{to_string(entry.verdict)}, entry.detail},
                  entry.verdict == Verdict::pass     ? Colour::green
                  : entry.verdict == Verdict::refuse ? Colour::red
                                                     : Colour::yellow);
    if (!account.gates.empty()) table.print();
    print_line("verdict: " + account.verdict + (account.reason.empty() ? "" : ", " + account.reason));
}

Value json_of(const Account& account) {
    Value::Array gates;
    for (const auto& entry : account.gates)
        gates.push_back(Value::object(
            {{"gate", to_string(entry.gate)}, {"verdict", to_string(entry.verdict)}, {"detail", entry.detail}}));
    return Value::object({{"verdict", account.verdict},
                          {"reason", account.reason.empty() ? Value{} : Value{account.reason}},
                          {"gates", std::move(gates)}});
}

int verify(const CommandLine& line, const std::filesystem::path& file, bool json) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    const auto envelope = read_input(file, limits::pending_answer_bytes);
    if (envelope.has_error()) return failed_with(envelope.error(), undetermined);
    const auto account = verify(loaded, envelope.value());
    if (account.has_error()) return failed_with(account.error(), undetermined);
    if (json)
        print_json(json_of(account.value()));
    else
        print(account.value());
    return account.value().verdict == "pass" ? fine : not_fine;
}

}  // namespace

void add_local_order_commands(CLI::App& order, CommandLine& line) {
    auto* sign_command = order.add_subcommand("sign", "Order payload to signed envelope, on standard output");
    auto options = std::make_shared<SignOptions>();
    sign_command->add_option("--key", options->keys, "private key; give it again for several signatures")
        ->required()
        ->allow_extra_args(false);
    sign_command->add_option("ORDER", options->order, "payload as JSON; standard input if not given");
    sign_command->callback([&line, options] {
        line.chosen = [options]() -> int {
            const auto envelope = sign(*options);
            if (envelope.has_error())
                return failed_with(envelope.error(),
                                   envelope.error().code() == Errc::malformed ? not_fine : undetermined);
            print_line(envelope.value());
            return fine;
        };
    });

    auto* verify_command =
        order.add_subcommand("verify",
                             "Every gate's verdict against this configuration; accepts nothing. Exit status 0: this "
                             "host would carry it out now; 1: refused, deferred, or handled already");
    auto envelope = std::make_shared<std::filesystem::path>();
    auto json = std::make_shared<bool>(false);
    verify_command->add_option("ENVELOPE", *envelope, "signed envelope; - for standard input")->required();
    verify_command->add_flag("--json", *json, "as JSON");
    verify_command->callback(
        [&line, envelope, json] { line.chosen = [&line, envelope, json] { return verify(line, *envelope, *json); }; });
}

}  // namespace agent::cli
