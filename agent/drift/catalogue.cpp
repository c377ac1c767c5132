#include "drift/catalogue.hpp"

#include <array>

#include "drift/custom/file_check.hpp"
#include "drift/patching/patching_check.hpp"

namespace agent {

std::span<const CheckKind> built_in_checks() noexcept {
    static constexpr std::array kinds{
        CheckKind{"patching", &read_patching},
    };
    return kinds;
}

std::span<const CheckKind> custom_kinds() noexcept {
    static constexpr std::array kinds{
        CheckKind{"file", &read_file_check},
    };
    return kinds;
}

}  // namespace agent
