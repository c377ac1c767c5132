#include "healing/patched_host.hpp"

namespace agent {

PatchedHost patched_host(const ActionTools& tools) {
    const auto baseline = tools.baseline();
    const auto* check = dynamic_cast<const PatchingCheck*>(baseline->find(CheckName{"patching"}));
    if (check == nullptr) return {PatchingHost::of_this_machine(), std::nullopt};
    return {check->host(), check->baseline().generation};
}

}  // namespace agent
