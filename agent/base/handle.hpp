#pragma once
// Owner of a C object. The release function is part of the type: one pointer wide, and two kinds never mix.
#include <unistd.h>

#include <memory>
#include <utility>

namespace agent {

template <auto release>
struct ReleaseWith {
    template <class T>
    void operator()(T* object) const noexcept {
        static_cast<void>(release(object));
    }
};

template <class T, auto release>
using Handle = std::unique_ptr<T, ReleaseWith<release>>;

// Owner of a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_{number} {}
    Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) reset(std::exchange(other.number_, -1));
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void reset(int number = -1) noexcept {
        if (number_ >= 0) static_cast<void>(::close(number_));
        number_ = number;
    }

private:
    int number_{-1};
};

}  // namespace agent
