#include "drift/patching/dpkg_view.hpp"
#include "drift/fields.hpp"

#include <algorithm>
#include <optional>

namespace agent {
namespace {

struct Stanza {
    std::string_view package;
    std::string_view version;
    std::string_view status;  // "install ok installed": wanted, sound, state
};

// Unpacked is enough: the kernel's file is there, and the next boot takes it.
bool is_there(std::string_view status) {
    const auto state = status.substr(status.rfind(' ') + 1);
    return state != "not-installed" && state != "config-files" && !state.empty();
}

void take(const Stanza& stanza, DpkgView& view) {
    if (stanza.package.empty()) return;
    if (stanza.status.starts_with("hold ")) view.on_hold.emplace_back(stanza.package);
    const auto release = kernel_release_of(stanza.package);
    if (release && is_there(stanza.status))
        view.kernels.push_back({std::string{*release}, std::string{stanza.package}, std::string{stanza.version}});
}

}  // namespace

DpkgView parse_dpkg_status(std::string_view status) {
    DpkgView view;
    Stanza stanza;
    while (!status.empty()) {
        const auto line = status.substr(0, status.find('\n'));
        status.remove_prefix(std::min(status.size(), line.size() + 1));
        if (line.empty()) {
            take(stanza, view);
            stanza = {};
        }
        if (const auto package = value_of(line, "Package")) stanza.package = *package;
        if (const auto version = value_of(line, "Version")) stanza.version = *version;
        if (const auto state = value_of(line, "Status")) stanza.status = *state;
    }
    take(stanza, view);
    std::sort(view.on_hold.begin(), view.on_hold.end());
    return view;
}

}  // namespace agent
