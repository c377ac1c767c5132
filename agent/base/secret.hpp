#pragma once
// Key material: guarded memory, wiped on release, never copied, never printable.
#include <sodium/utils.h>

#include <cstddef>
#include <new>
#include <span>

#include "base/handle.hpp"

namespace agent {

class SecretBytes {
public:
    explicit SecretBytes(std::size_t size) : size_{size}, memory_{static_cast<std::byte*>(sodium_malloc(size))} {
        if (!memory_) throw std::bad_alloc{};
    }
    [[nodiscard]] std::span<std::byte> writable() noexcept { return {memory_.get(), size_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {memory_.get(), size_}; }

private:
    std::size_t size_;
    Handle<std::byte, &sodium_free> memory_;
};

}  // namespace agent
