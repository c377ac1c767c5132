#include "cli/session.hpp"
#include "crypto/ed25519.hpp"
#include "host/files.hpp"

namespace agent::cli {
namespace {

struct CatalogueOptions {
    std::vector<std::filesystem::path> keys;
    std::filesystem::path folder;
    std::filesystem::path out;  // empty: standard output
};

Result<std::string> catalogue_of(const CatalogueOptions& options, const RunbookCatalogue& runbooks) {
    RunbookList list;
    for (const auto& runbook : runbooks.all())
        list.push_back({name_in_list(options.folder, runbook->file), runbook->id, runbook->sha256});
    std::vector<PrivateKey> keys;
    for (const auto& file : options.keys) {
        AGENT_TRY(auto key, PrivateKey::load(file));
        keys.push_back(std::move(key));
    }
    auto envelope = sign_catalogue(list, SystemTimeSource{}.wall_now(), keys);
    if (envelope.size() >= catalogue_bytes_most)
        return Error{Errc::malformed, "the catalogue would have " + std::to_string(envelope.size()) +
                                          " bytes; hosts refuse more than " + std::to_string(catalogue_bytes_most)};
    return envelope;
}

int sign_folder(const CatalogueOptions& options) {
    const auto loaded = RunbookCatalogue::load(options.folder);
    for (const auto& fault : loaded.faults) complain(fault.to_string());
    if (!loaded.faults.empty()) {
        complain("nothing was signed");
        return not_fine;
    }
    if (loaded.catalogue.all().empty()) {
        complain("no runbook in " + options.folder.string() + "; nothing was signed");
        return not_fine;
    }
    const auto envelope = catalogue_of(options, loaded.catalogue);
    if (envelope.has_error()) return failed_with(envelope.error(), undetermined);
    if (options.out.empty()) {
        print_line(envelope.value());
        return fine;
    }
    const auto written = replace_file(std::filesystem::absolute(options.out), envelope.value() + '\n', {});
    if (written.has_error()) return failed_with(written.error(), undetermined);
    return fine;
}

}  // namespace

void add_runbook_sign(CLI::App& runbook, CommandLine& line) {
    auto* sign_command =
        runbook.add_subcommand("sign", "Signed catalogue of the runbooks in a folder, for healing.catalogue");
    auto options = std::make_shared<CatalogueOptions>();
    sign_command->add_option("--key", options->keys, "private key; give it again for several signatures")
        ->required()
        ->allow_extra_args(false);
    sign_command->add_option("--out", options->out, "file to write or replace; standard output if not given");
    sign_command->add_option("DIR", options->folder, "folder of runbooks")->required();
    sign_command->callback([&line, options] { line.chosen = [options] { return sign_folder(*options); }; });
}

}  // namespace agent::cli
