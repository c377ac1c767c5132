#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/text.hpp"
#include "cli/session.hpp"
#include "healing/skeleton.hpp"

namespace agent::cli {
namespace {

struct NewOptions {
    std::string name;
    std::filesystem::path folder;  // empty: that of the configuration
};

// Never over a file that is there, nor through a link.
Result<> write_new_file(const std::filesystem::path& file, const std::string& text) {
    const auto failed = [&](int reason) {
        return Error{Errc::system, "making " + file.string() + ": " + std::generic_category().message(reason)};
    };
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor < 0) return failed(errno);
    const auto written = ::write(descriptor, text.data(), text.size());
    const int reason = written < 0 ? errno : ENOSPC;
    ::close(descriptor);
    if (written == static_cast<ssize_t>(text.size())) return ok();
    ::unlink(file.c_str());
    return failed(reason);
}

int make_new(const CommandLine& line, const NewOptions& options) {
    const auto id = runbook_id_of(options.name);
    if (!id) {
        complain(agent::quoted(options.name) +
                 " makes no runbook id: letters, digits and -, at most 64 with RB- and -001");
        return usage;
    }
    auto folder = options.folder;
    if (folder.empty()) {
        const auto [loaded, status] = load(line, FileChecks::none);
        if (!loaded) return status;
        folder = loaded->settings.healing.runbooks;
    }
    const auto there = RunbookCatalogue::load(folder);
    if (const auto* same = there.catalogue.find(*id); same != nullptr) {
        complain(id->str() + " is already the id of " + same->file.string());
        return not_fine;
    }
    const auto file = folder / (id->str() + ".yaml");
    const auto made = write_new_file(file, runbook_skeleton(*id));
    if (made.has_error()) return failed_with(made.error(), not_fine);
    print_line(file.string());
    return fine;
}

}  // namespace

void add_runbook_new(CLI::App& runbook, CommandLine& line) {
    auto* new_command = runbook.add_subcommand("new", "Writes a commented skeleton and prints its path");
    auto fresh = std::make_shared<NewOptions>();
    new_command->add_option("NAME", fresh->name, "firewall makes RB-FIREWALL-001.yaml")->required();
    new_command->add_option("--dir", fresh->folder, "instead of healing.runbooks of the configuration");
    new_command->callback([&line, fresh] { line.chosen = [&line, fresh] { return make_new(line, *fresh); }; });
}

}  // namespace agent::cli
