#include <charconv>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cli/session.hpp"
#include "codec/json.hpp"
#include "crypto/ed25519.hpp"
#include "evidence/export.hpp"
#include "evidence/verify.hpp"

namespace agent::cli {
namespace {

std::string_view word(UploadState state) {
    switch (state) {
        case UploadState::waiting: return "waiting";
        case UploadState::sent: return "receipted";
        case UploadState::quarantined: return "quarantined";
    }
    return "waiting";
}

Value meta_of(const StoredBundle& stored) {
    const auto& bundle = stored.bundle;
    return Value::object({{"bundle_id", bundle.bundle_id.str()},
                          {"sha256", bundle.sha256},
                          {"created_at", format_rfc3339(bundle.created_at)},
                          {"check", bundle.check},
                          {"result", bundle.result ? Value{to_string(*bundle.result)} : Value{}},
                          {"outcome", to_string(bundle.outcome)},
                          {"order_id", bundle.order_id ? Value{bundle.order_id->str()} : Value{}},
                          {"epoch", bundle.chain.epoch},
                          {"sequence", bundle.chain.sequence},
                          {"state", word(stored.state)}});
}

struct ListOptions {
    std::int64_t limit{20};
    bool json{};
};

int list(const CommandLine& line, const ListOptions& options) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_read(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    std::vector<StoredBundle> bundles;
    if (store.value()) {
        auto listed = store.value()->evidence().list(0, options.limit);
        if (listed.has_error()) return failed_with(listed.error(), undetermined);
        bundles = std::move(listed).value();
    }
    if (options.json) {
        Value::Array items;
        for (const auto& each : bundles) items.push_back(meta_of(each));
        print_json(Value::object({{"items", std::move(items)}}));
        return fine;
    }
    Table table{{"SEQ", "OUTCOME", "CHECK", "UPLOAD", "WRITTEN", "BUNDLE"}};
    for (const auto& each : bundles)
        table.add({std::to_string(each.bundle.chain.sequence), std::string{to_string(each.bundle.outcome)},
                   each.bundle.check, std::string{word(each.state)},
                   format_rfc3339(each.bundle.created_at).substr(0, 19), each.bundle.bundle_id.str()},
                  colour_of(each.bundle.outcome));
    table.print();
    return fine;
}

int show(const CommandLine& line, const std::string& id, bool json) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_read(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    if (!store.value()) return failed_with(Error{Errc::not_found, "there is no evidence yet"}, undetermined);
    const auto named = bundle_named(*store.value(), id);
    if (named.has_error()) return failed_with(named.error(), undetermined);
    const auto found = store.value()->evidence().find(named.value());
    if (found.has_error()) return failed_with(found.error(), undetermined);
    if (!found.value()) return failed_with(Error{Errc::not_found, "no bundle " + agent::quoted(id)}, undetermined);
    const auto& stored = *found.value();
    const auto bundle = parse_json(stored.bundle.bytes);
    if (bundle.has_error()) return failed_with(bundle.error(), undetermined);
    auto meta = meta_of(stored);
    meta.set("signature", base64_encode(stored.bundle.signature));
    meta.set("quarantined_for", stored.quarantined_for ? Value{*stored.quarantined_for} : Value{});
    if (stored.receipt) {
        const auto receipt = parse_json(*stored.receipt);
        meta.set("receipt", receipt.has_value() ? receipt.value() : Value{});
    }
    if (json) {
        meta.set("bundle", bundle.value());
        print_json(meta);
        return fine;
    }
    print_line("bundle " + named.value().str() + ", " + std::string{word(stored.state)} + ", sha256 " +
               stored.bundle.sha256);
    if (stored.quarantined_for) print_line("quarantined: " + *stored.quarantined_for);
    print_json(bundle.value());
    return fine;
}

int export_to(const CommandLine& line, const std::filesystem::path& directory, bool json) {
    const auto [loaded, status] = load(line, FileChecks::none);
    if (!loaded) return status;
    auto store = state_to_read(loaded->settings);
    if (store.has_error()) return failed_with(store.error(), undetermined);
    if (!store.value()) return failed_with(Error{Errc::not_found, "there is no evidence yet"}, undetermined);
    const auto figures = export_evidence(store.value()->evidence(), directory);
    if (figures.has_error()) return failed_with(figures.error(), undetermined);
    if (json)
        print_json(Value::object({{"directory", directory.string()},
                                  {"bundles", figures.value().bundles},
                                  {"receipts", figures.value().receipts},
                                  {"unchanged", figures.value().unchanged}}));
    else
        print_line(std::to_string(figures.value().bundles) + " bundles, " + std::to_string(figures.value().receipts) +
                   " with receipts, in " + directory.string());
    return fine;
}

struct VerifyOptions {
    std::filesystem::path directory{"evidence"};
    std::vector<std::filesystem::path> keys;
    std::vector<std::filesystem::path> receipt_keys;
    std::string head;
    bool json{};
};

Result<VerifyRequest::Head> parse_head(const std::string& text) {
    const auto colon = text.find(':');
    VerifyRequest::Head head;
    const auto* end = text.data() + std::min(colon, text.size());
    const auto read = std::from_chars(text.data(), end, head.sequence);
    if (colon == std::string::npos || read.ec != std::errc{} || read.ptr != end || head.sequence < 1)
        return Error{Errc::malformed, "--head wants SEQUENCE:SHA256"};
    head.sha256 = text.substr(colon + 1);
    for (char& c : head.sha256)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    const auto digest = hex_decode(head.sha256);
    if (!digest || digest->size() != sizeof(Digest))
        return Error{Errc::malformed, "--head wants SEQUENCE:SHA256, the digest as 64 hexadecimal digits"};
    return head;
}

Result<VerifyRequest> request_of(const VerifyOptions& options) {
    VerifyRequest request;
    request.directory = options.directory;
    for (const auto& file : options.keys) {
        AGENT_TRY(auto key, PublicKey::load(file));
        request.host_keys.push_back(std::move(key));
    }
    for (const auto& file : options.receipt_keys) {
        AGENT_TRY(auto key, PublicKey::load(file));
        request.receipt_keys.push_back(std::move(key));
    }
    if (!options.head.empty()) {
        AGENT_TRY(request.head, parse_head(options.head));
    }
    return request;
}

void print(const VerifyAccount& account) {
    for (const auto& fault : account.faults)
        print_line(coloured("FAULT ", Colour::red) + fault.bundle + ": " + fault.what + ": " + fault.why);
    for (const auto& remark : account.remarks) print_line("note: " + remark);
    print_line(std::to_string(account.verified) + " of " + std::to_string(account.bundles) + " bundles verified, " +
               std::to_string(account.receipts) + " receipts, sequence " + std::to_string(account.first_sequence) +
               " to " + std::to_string(account.last_sequence) + " in " + std::to_string(account.epochs) +
               (account.epochs == 1 ? " epoch" : " epochs"));
    print_line(account.faults.empty() ? coloured("everything verifies", Colour::green)
                                      : coloured(std::to_string(account.faults.size()) + " faults", Colour::red));
}

Value json_of(const VerifyAccount& account) {
    Value::Array faults;
    for (const auto& fault : account.faults)
        faults.push_back(Value::object({{"bundle", fault.bundle}, {"what", fault.what}, {"why", fault.why}}));
    return Value::object({{"bundles", account.bundles},
                          {"verified", account.verified},
                          {"receipts", account.receipts},
                          {"epochs", account.epochs},
                          {"first_sequence", account.first_sequence},
                          {"last_sequence", account.last_sequence},
                          {"faults", std::move(faults)},
                          {"remarks", Value::strings(account.remarks)}});
}

int verify(const VerifyOptions& options) {
    const auto request = request_of(options);
    if (request.has_error())
        return failed_with(request.error(),
                           request.error().code() == Errc::malformed && !options.head.empty() ? usage : undetermined);
    const auto account = verify_evidence(request.value());
    if (account.has_error()) return failed_with(account.error(), undetermined);
    if (options.json)
        print_json(json_of(account.value()));
    else
        print(account.value());
    return account.value().faults.empty() ? fine : not_fine;
}

}  // namespace

void add_evidence(CLI::App& app, CommandLine& line) {
    auto* evidence = app.add_subcommand("evidence", "Evidence: list, show, export, verify");
    evidence->require_subcommand(1);

    auto* list_command = evidence->add_subcommand("list", "Bundles of this host, newest first");
    auto listing = std::make_shared<ListOptions>();
    list_command->add_option("--limit", listing->limit, "how many")
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
    list_command->add_flag("--json", listing->json, "as JSON");
    list_command->callback([&line, listing] { line.chosen = [&line, listing] { return list(line, *listing); }; });

    auto* show_command = evidence->add_subcommand("show", "One bundle");
    auto id = std::make_shared<std::string>();
    auto show_json = std::make_shared<bool>(false);
    show_command->add_option("ID", *id, "bundle id, or how it begins")->required();
    show_command->add_flag("--json", *show_json, "with signature and receipt, as JSON");
    show_command->callback(
        [&line, id, show_json] { line.chosen = [&line, id, show_json] { return show(line, *id, *show_json); }; });

    auto* export_command =
        evidence->add_subcommand("export", "Writes YYYY/MM/DD/<bundle_id>/{bundle.json,bundle.sig,receipt.json}");
    auto directory = std::make_shared<std::filesystem::path>("evidence");
    auto export_json = std::make_shared<bool>(false);
    export_command->add_option("--dir", *directory, "where to")->capture_default_str();
    export_command->add_flag("--json", *export_json, "as JSON");
    export_command->callback([&line, directory, export_json] {
        line.chosen = [&line, directory, export_json] { return export_to(line, *directory, *export_json); };
    });

    auto* verify_command = evidence->add_subcommand(
        "verify", "Signatures, chain and receipts of an export, offline; 2 if there is nothing to verify");
    auto options = std::make_shared<VerifyOptions>();
    verify_command->add_option("DIR", options->directory, "the export")->capture_default_str();
    verify_command->add_option("--key", options->keys, "the host's evidence key; again after a rotation")
        ->required()
        ->allow_extra_args(false);
    verify_command->add_option("--receipt-key", options->receipt_keys, "the server's receipt key")
        ->allow_extra_args(false);
    verify_command->add_option("--head", options->head, "SEQUENCE:SHA256 as the server knows it: proves the tail");
    verify_command->add_flag("--json", options->json, "as JSON");
    verify_command->callback([&line, options] { line.chosen = [options] { return verify(*options); }; });
}

}  // namespace agent::cli
