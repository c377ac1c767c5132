#include "crypto/random.hpp"

#include <sodium/randombytes.h>

#include <array>
#include <cstdint>

#include "base/encoding.hpp"
#include "crypto/sodium.hpp"

namespace agent {

std::string random_uuid() {
    start_sodium();
    std::array<unsigned char, 16> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);  // variant of RFC 9562
    auto text = hex_encode(std::as_bytes(std::span{bytes}));
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
    return text;
}

std::string random_hex(std::size_t digits) {
    start_sodium();
    std::string bytes((digits + 1) / 2, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    auto text = hex_encode(bytes_of(bytes));
    text.resize(digits);
    return text;
}

double random_fraction() {
    start_sodium();
    std::uint64_t bits = 0;
    randombytes_buf(&bits, sizeof bits);
    constexpr double one_of_2_to_53 = 0x1p-53;
    return static_cast<double>(bits >> 11U) * one_of_2_to_53;
}

}  // namespace agent
