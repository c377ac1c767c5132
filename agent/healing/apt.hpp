#pragma once
// apt and dpkg, asked and told by argv within one limit of time.
#include <set>
#include <string>
#include <vector>

#include "drift/patching/apt_host.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "healing/action.hpp"
#include "healing/packages.hpp"

namespace agent {

class Apt {
public:
    Apt(const ActionTools& tools, AptHost host, Duration limit);

    [[nodiscard]] const AptHost& host() const noexcept { return host_; }

    // These look, take no lock and write nothing.
    [[nodiscard]] Task<InstalledPackages> installed();
    [[nodiscard]] Task<std::set<std::string, std::less<>>> automatic();
    // Security upgrades that are pending, "NAME=VERSION" each, as the patching check counts them.
    [[nodiscard]] Task<std::vector<std::string>> pending_security();
    // What `apt-get OPTION… install WORD…` would do.
    [[nodiscard]] Task<std::vector<AptChange>> simulate(std::vector<std::string> options,
                                                        std::vector<std::string> words);
    // Names of the files that apt could fetch to install `words`, which are installed, once more.
    [[nodiscard]] Task<std::set<std::string, std::less<>>> obtainable(std::vector<std::string> words);

    // `apt-get OPTION… install WORD…`, asking nobody and keeping changed configuration files.
    [[nodiscard]] Command installation(const std::vector<std::string>& options,
                                       const std::vector<std::string>& words) const;
    // The exit status is the caller's to judge.
    [[nodiscard]] Task<CommandExit> carry_out(Command installation);
    // Into apt's cache, and no further; any exit status but 0 is an error.
    [[nodiscard]] Task<> fetch(std::vector<std::string> options, std::vector<std::string> words);
    // Whether the files of packages can be made anew from what is installed.
    [[nodiscard]] bool can_repack() const;
    // `file`, of the package as it is installed: with its configuration files as they are now, and on disk when this
    // returns. The folder of `file` must exist.
    [[nodiscard]] Task<> repack(std::string package, std::filesystem::path file);
    [[nodiscard]] Task<> mark_automatic(std::vector<std::string> packages);
    // Finishes what an interrupted dpkg left, as far as it goes.
    [[nodiscard]] Task<> finish_interrupted();

private:
    [[nodiscard]] Command command(std::filesystem::path program, std::vector<std::string> arguments) const;
    // What it printed.
    [[nodiscard]] Task<std::string> ask(std::filesystem::path program, std::vector<std::string> arguments);

    const ActionTools& tools_;
    AptHost host_;
    MonoTime due_;
};

// apt's own words of why it failed.
[[nodiscard]] std::string complaint_of(const CommandExit& exit);

}  // namespace agent
