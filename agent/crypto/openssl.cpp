#include "crypto/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/x509.h>

namespace agent {

void free_bio(BIO* bio) noexcept { BIO_free(bio); }

void free_x509(X509* certificate) noexcept { X509_free(certificate); }

}  // namespace agent
