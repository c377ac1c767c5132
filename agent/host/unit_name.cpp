#include "host/unit_name.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr std::size_t length_most = 255;
constexpr std::array<std::string_view, 11> types{"service", "socket", "device", "mount", "automount", "swap",
                                                 "target",  "path",   "timer",  "slice", "scope"};

bool is_allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{":-_.\\@"}.find(c) != std::string_view::npos;
}

}  // namespace

Result<> check_unit_name(std::string_view unit) {
    const auto fault = [unit](std::string_view rule) {
        return Error{Errc::malformed, quoted(unit) + " is no unit name: " + std::string{rule}};
    };
    const auto dot = unit.rfind('.');
    if (unit.empty() || unit.size() > length_most) return fault("it must have 1 to 255 characters");
    if (!std::all_of(unit.begin(), unit.end(), is_allowed))
        return fault("only letters, digits and : - _ . \\ @ are allowed");
    if (dot == std::string_view::npos || std::find(types.begin(), types.end(), unit.substr(dot + 1)) == types.end())
        return fault("it must end in its type, as in \"ssh.service\"");
    const auto name = unit.substr(0, dot);
    if (name.empty() || name.front() == '@') return fault("nothing stands before its type");
    if (name.back() == '@') return fault("it is a template; name an instance of it");
    return ok();
}

}  // namespace agent
