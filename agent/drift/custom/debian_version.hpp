#pragma once
// Versions of Debian packages, deb-version(7).
#include <compare>
#include <string_view>

#include "base/result.hpp"

namespace agent {

// [epoch:]upstream[-revision]; `malformed` says what is wrong.
[[nodiscard]] Result<> check_debian_version(std::string_view version);

// As `dpkg --compare-versions` orders them: numbers by their value, "~" before everything, even before the end; letters
// before all other characters.
[[nodiscard]] std::strong_ordering compare_debian_versions(std::string_view a, std::string_view b);

}  // namespace agent
