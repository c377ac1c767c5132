#pragma once

namespace agent {

// Base of every interface: polymorphic, not copied, destroyed through the base.
class Port {
public:
    Port() = default;
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    Port(Port&&) = delete;
    Port& operator=(Port&&) = delete;
    virtual ~Port() = default;
};

}  // namespace agent
