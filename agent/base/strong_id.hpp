#pragma once
#include <compare>
#include <string>
#include <utility>

namespace agent {

// A string that names one kind of thing and is not mistaken for another kind.
template <class Tag>
class StrongId {
public:
    StrongId() = default;
    explicit StrongId(std::string text) : text_{std::move(text)} {}
    [[nodiscard]] const std::string& str() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    friend auto operator<=>(const StrongId&, const StrongId&) = default;

private:
    std::string text_;
};

}  // namespace agent
