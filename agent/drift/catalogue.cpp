#include "drift/catalogue.hpp"

#include <array>

#include "drift/av_edr/av_edr_check.hpp"
#include "drift/backup/backup_check.hpp"
#include "drift/custom/command_check.hpp"
#include "drift/custom/file_check.hpp"
#include "drift/custom/mount_check.hpp"
#include "drift/custom/package_check.hpp"
#include "drift/custom/port_check.hpp"
#include "drift/custom/sysctl_check.hpp"
#include "drift/custom/unit_check.hpp"
#include "drift/custom/user_check.hpp"
#include "drift/encryption/encryption_check.hpp"
#include "drift/firewall/firewall_check.hpp"
#include "drift/logging/logging_check.hpp"
#include "drift/patching/patching_check.hpp"
#include "drift/time_sync/time_sync_check.hpp"
#include "drift/xccdf/xccdf_check.hpp"

namespace agent {

std::span<const CheckKind> built_in_checks() noexcept {
    static constexpr std::array kinds{
        CheckKind{"patching", &read_patching},          CheckKind{"av_edr_health", &read_av_edr},
        CheckKind{"backup_verification", &read_backup}, CheckKind{"logging_continuity", &read_logging},
        CheckKind{"firewall_baseline", &read_firewall}, CheckKind{"encryption", &read_encryption},
        CheckKind{"time_sync", &read_time_sync},
    };
    return kinds;
}

std::span<const CheckKind> custom_kinds() noexcept {
    static constexpr std::array kinds{
        CheckKind{"file", &read_file_check},       CheckKind{"unit", &read_unit_check},
        CheckKind{"package", &read_package_check}, CheckKind{"sysctl", &read_sysctl_check},
        CheckKind{"mount", &read_mount_check},     CheckKind{"port", &read_port_check},
        CheckKind{"user", &read_user_check},       CheckKind{"command", &read_command_check},
        CheckKind{"xccdf", &read_xccdf_check},
    };
    return kinds;
}

}  // namespace agent
