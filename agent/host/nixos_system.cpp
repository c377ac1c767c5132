#include "host/nixos_system.hpp"

#include <system_error>

#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t digest_length = 32;
constexpr std::string_view digest_alphabet{"0123456789abcdfghijklmnpqrsvwxyz"};  // Nix's base 32
constexpr std::size_t revision_most = 256;

// A system without the file, or with one that is no single line, tells no revision.
std::string revision_of(const std::filesystem::path& system) {
    auto text = read_file(system / "nixos-version", revision_most);
    if (text.has_error()) return {};
    auto revision = std::move(text).value();
    while (revision.ends_with('\n')) revision.pop_back();
    return revision.find('\n') == std::string::npos ? revision : std::string{};
}

}  // namespace

std::optional<std::string> store_digest(std::string_view name) {
    if (name.size() <= digest_length || name[digest_length] != '-') return std::nullopt;
    const auto digest = name.substr(0, digest_length);
    if (digest.find_first_not_of(digest_alphabet) != std::string_view::npos) return std::nullopt;
    return std::string{digest};
}

Result<NixosSystem> look_at_nixos_system(const std::filesystem::path& link) {
    std::error_code failed;
    auto target = std::filesystem::read_symlink(link, failed);
    if (failed == std::errc::invalid_argument) return Error{Errc::malformed, link.native() + " is no link"};
    if (failed) return file_error(failed.value(), "search", link);
    if (target.is_relative()) target = link.parent_path() / target;
    auto digest = store_digest(target.filename().native());
    if (!digest)
        return Error{Errc::malformed, link.native() + " leads to " + target.native() + ", which is nothing of a store"};
    auto revision = revision_of(target);
    return NixosSystem{std::move(target), std::move(*digest), std::move(revision)};
}

}  // namespace agent
