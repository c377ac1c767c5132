#pragma once

namespace agent {

// Before any use of libsodium; ends the program if the library cannot start, which it can only where there is no
// source of randomness.
void start_sodium();

}  // namespace agent
