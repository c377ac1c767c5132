#pragma once
// What is no fault of the configuration, but what somebody should know before it surprises them. Pure.
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.hpp"
#include "daemon/loaded_agent.hpp"

namespace agent {

// Nothing where the client certificate speaks for the host that the configuration names.
[[nodiscard]] std::optional<std::string> remark_on_identity(const AgentSettings& settings,
                                                            const CertificateFacts& certificate);

// Where baseline and runbooks do not fit together: a runbook that repairs a check which is not there could never be
// verified, one that names a value which the baseline does not have never run, a check whose runbook is not there never
// repaired, and no check at all finds nothing.
[[nodiscard]] std::vector<std::string> remarks_on_checks(const LoadedAgent& loaded);

}  // namespace agent
