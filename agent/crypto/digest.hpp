#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/ids.hpp"

namespace agent {

// SHA-256 (FIPS 180-4) through OpenSSL, whose algorithm is fetched once.
[[nodiscard]] Digest sha256(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Digest& digest);

// For what does not fit in memory.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256();
    void update(std::span<const std::byte> bytes);
    [[nodiscard]] Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// MD5 (RFC 1321), for one thing alone: dpkg records no other checksum of the files of a package. It tells damage and
// carelessness; who can forge MD5 is not told by it, so nothing else may rest on it.
class Md5 {
public:
    // `refused` where OpenSSL's policy (FIPS) leaves MD5 out.
    [[nodiscard]] static Result<Md5> start();
    Md5(Md5&&) noexcept;
    Md5& operator=(Md5&&) noexcept;
    Md5(const Md5&) = delete;
    Md5& operator=(const Md5&) = delete;
    ~Md5();
    void update(std::span<const std::byte> bytes);
    [[nodiscard]] std::string finish();  // 32 hexadecimal digits, lower-case

private:
    struct State;
    explicit Md5(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace agent
