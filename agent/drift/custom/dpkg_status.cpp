#include "drift/custom/dpkg_status.hpp"

namespace agent {
namespace {

// Value of a field that begins at a line's start.
std::string_view field(std::string_view stanza, std::string_view name) {
    const auto mark = '\n' + std::string{name} + ": ";
    const auto at = stanza.find(mark);
    if (at == std::string_view::npos) return {};
    const auto value = stanza.substr(at + mark.size());
    return value.substr(0, value.find('\n'));
}

InstalledPackage package_in(std::string_view stanza) {
    InstalledPackage package;
    package.architecture = field(stanza, "Architecture");
    package.version = field(stanza, "Version");
    const auto status = field(stanza, "Status");  // "install ok installed": wanted, sound, state
    package.state = status.substr(status.rfind(' ') + 1);
    return package;
}

}  // namespace

bool InstalledPackage::is_installed() const {
    return state == "installed" || state == "triggers-awaited" || state == "triggers-pending";
}

bool InstalledPackage::is_absent() const { return state == "not-installed" || state == "config-files"; }

std::vector<InstalledPackage> find_package(std::string_view status, std::string_view package) {
    const auto colon = package.find(':');
    const auto architecture = colon == std::string_view::npos ? std::string_view{} : package.substr(colon + 1);
    const auto mark = "Package: " + std::string{package.substr(0, colon)} + '\n';
    std::vector<InstalledPackage> found;
    for (auto at = status.find(mark); at != std::string_view::npos; at = status.find(mark, at + mark.size())) {
        if (at != 0 && status[at - 1] != '\n') continue;
        // The end of the line belongs to what follows, so that every field begins after one.
        const auto rest = status.substr(at + mark.size() - 1);
        auto one = package_in(rest.substr(0, rest.find("\n\n")));
        if (architecture.empty() || one.architecture == architecture) found.push_back(std::move(one));
    }
    return found;
}

}  // namespace agent
