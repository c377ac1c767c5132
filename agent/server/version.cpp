#include "server/version.hpp"

namespace agent {

std::string_view server_version() noexcept { return SERVER_VERSION; }

}  // namespace agent
