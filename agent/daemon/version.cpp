#include "daemon/version.hpp"

namespace agent {

std::string agent_version() { return AGENT_VERSION; }
std::string agent_build() { return AGENT_BUILD; }

}  // namespace agent
