#include "cli/session.hpp"
#include "crypto/ed25519.hpp"

namespace agent::cli {
namespace {

int generate(const std::string& basename) {
    const auto key = PrivateKey::generate();
    if (key.has_error()) return failed_with(key.error(), undetermined);
    const auto saved = save_key_pair(key.value(), basename + ".key", basename + ".pub");
    if (saved.has_error()) return failed_with(saved.error(), not_fine);
    print_line(key.value().public_key().key_id().str());
    return fine;
}

}  // namespace

void add_key(CLI::App& app, CommandLine& line) {
    auto* key = app.add_subcommand("key", "Ed25519 keys");
    key->require_subcommand(1);
    auto* command = key->add_subcommand("generate", "Writes BASENAME.key (0600) and BASENAME.pub; prints the key id");
    auto basename = std::make_shared<std::string>();
    command->add_option("BASENAME", *basename, "path of the pair without its endings")->required();
    command->callback([&line, basename] { line.chosen = [basename] { return generate(*basename); }; });
}

}  // namespace agent::cli
