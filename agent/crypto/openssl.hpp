#pragma once
// OpenSSL's objects with owners, for the files of this folder.
#include <openssl/types.h>

#include <cstdlib>

#include "base/handle.hpp"

namespace agent {

void free_bio(BIO* bio) noexcept;
using Bio = Handle<BIO, &free_bio>;
void free_x509(X509* certificate) noexcept;
using X509Handle = Handle<X509, &free_x509>;

// For what only lack of memory or a broken library can prevent: a wrong digest or signature must not go on.
inline void must(bool done) {
    if (!done) std::abort();
}

}  // namespace agent
