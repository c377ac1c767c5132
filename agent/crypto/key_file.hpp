#pragma once
// The key pair of a host, beside its state.
#include <filesystem>

#include "base/result.hpp"
#include "crypto/ed25519.hpp"

namespace agent {

// Like save_key_pair(); what root makes in the folder of another user belongs to that user.
[[nodiscard]] Result<> save_host_key_pair(const PrivateKey& key, const std::filesystem::path& private_file,
                                          const std::filesystem::path& public_file);

}  // namespace agent
