#include "crypto/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/openssl.hpp"

namespace agent {
namespace {

using Algorithm = Handle<EVP_MD, &EVP_MD_free>;
using Context = Handle<EVP_MD_CTX, &EVP_MD_CTX_free>;

// Fetching costs more than hashing a small message.
const EVP_MD* algorithm() {
    static const Algorithm fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    return fetched.get();
}

}  // namespace

struct Sha256::State {
    Context context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_{std::make_unique<State>()} {
    must(state_->context != nullptr && EVP_DigestInit_ex2(state_->context.get(), algorithm(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
    must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
    Digest digest{};
    must(EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
}

Digest sha256(std::string_view bytes) {
    Digest digest{};
    must(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, algorithm(),
                    nullptr) == 1);
    return digest;
}

struct Md5::State {
    Context context{EVP_MD_CTX_new()};
};

Md5::Md5(std::unique_ptr<State> state) : state_{std::move(state)} {}
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
Md5::~Md5() = default;

Result<Md5> Md5::start() {
    static const Algorithm fetched{EVP_MD_fetch(nullptr, "MD5", nullptr)};
    if (fetched == nullptr) return Error{Errc::refused, "OpenSSL is set up without MD5"};
    auto state = std::make_unique<State>();
    must(state->context != nullptr && EVP_DigestInit_ex2(state->context.get(), fetched.get(), nullptr) == 1);
    return Md5{std::move(state)};
}

void Md5::update(std::span<const std::byte> bytes) {
    must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Md5::finish() {
    std::array<std::byte, 16> digest{};
    must(EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return hex_encode(digest);
}

std::string to_hex(const Digest& digest) { return hex_encode(digest); }

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

}  // namespace agent
