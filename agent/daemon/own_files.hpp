#pragma once
// What the agent makes for itself before anything else: its state folder and its evidence key.
#include <filesystem>

#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "store/state_store.hpp"

namespace agent {

// Makes the folder (0700) where it is missing. The error says what to do about one that cannot be used.
[[nodiscard]] Result<> prepare_state_dir(const std::filesystem::path& state_dir);

// Loads the evidence key of `file`. A host without evidence gets a new one (0600, with .pub beside it); where the chain
// has begun, a key that is not there is lost, and nothing is made in its place unasked.
[[nodiscard]] Result<PrivateKey> evidence_key(const std::filesystem::path& file, StateStore& store);

}  // namespace agent
