#include "crypto/sodium.hpp"

#include <sodium/core.h>

#include <cstdlib>

namespace agent {

void start_sodium() {
    static const bool started = sodium_init() >= 0;
    if (!started) std::abort();
}

}  // namespace agent
