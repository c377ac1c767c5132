#pragma once
// Packages as dpkg knows them, and what an upgrade makes of them. Pure.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/value.hpp"

namespace agent {

// A Debian package's name, with ":arch" or without. A version, a suite, a path, a pattern or an option is none, nor is
// a name that ends in '-': apt-get would remove that package.
[[nodiscard]] bool is_package_name(std::string_view text) noexcept;

struct PackageState {
    std::string version;
    std::string architecture;
    std::string state;  // "installed"; "half-configured" and others where dpkg was interrupted or a script failed
    bool on_hold{};
    // "1.2-3", or "1.2-3 (half-configured)".
    [[nodiscard]] std::string words() const;
};

class InstalledPackages {
public:
    // For dpkg-query --showformat.
    static constexpr std::string_view format{
        "${Package}\t${Architecture}\t${Version}\t${db:Status-Want}\t${db:Status-Eflag}\t${db:Status-Status}\n"};
    // `native` is dpkg's own architecture.
    [[nodiscard]] static Result<InstalledPackages> parse(std::string_view text, std::string native);

    // By apt's name: with ":arch" where it is of a foreign architecture. Null where it is not installed.
    [[nodiscard]] const PackageState* find(std::string_view package) const;
    // Removed, and its configuration left.
    [[nodiscard]] bool left_configuration(std::string_view package) const;
    // "tool is half-configured", of the first package that is not wholly installed.
    [[nodiscard]] std::optional<std::string> unfinished() const;

private:
    std::map<std::string, PackageState, std::less<>> packages_;  // by "name:arch"
    std::string native_;

    [[nodiscard]] const PackageState* look_up(std::string_view package) const;
};

struct PackageChange {
    std::string package;                // apt's name
    std::string from;                   // version; empty: it is new
    std::string to;                     // version
    std::filesystem::path former_file;  // the package's file of version `from`, where apt would fetch it to
    bool automatic{};                   // came for the sake of another package, and may go with it
    friend bool operator==(const PackageChange&, const PackageChange&) = default;
};

// One upgrade: what is written down before it, and all its undo needs.
struct Upgrade {
    std::vector<PackageChange> changes;  // by name
    bool without_undo{};
    bool purges{};  // the undo: no new package found configuration of an earlier life
    std::int64_t timeout_sec{};
    friend bool operator==(const Upgrade&, const Upgrade&) = default;
};
[[nodiscard]] Value value_of_upgrade(const Upgrade& upgrade);
[[nodiscard]] Result<Upgrade> read_upgrade(const Value& saved);

// {packages: {NAME: version or null}}: the terms of plan().
[[nodiscard]] Value versions_found(const Upgrade& upgrade, const InstalledPackages& installed);
[[nodiscard]] Value versions_before(const Upgrade& upgrade);
[[nodiscard]] Value versions_wanted(const Upgrade& upgrade);

// "bash=5.2-3", of what is to be installed.
[[nodiscard]] std::vector<std::string> pinned(const Upgrade& upgrade);
// As apt names the file that it fetches: "bash_1%3a5.2-3_amd64.deb".
[[nodiscard]] std::string file_of_package(std::string_view package, const PackageState& state);

}  // namespace agent
