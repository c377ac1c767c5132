#include "model/value.hpp"

namespace agent {

const Value* Value::find(std::string_view name) const noexcept {
    const auto* members = object();
    if (members == nullptr) return nullptr;
    const auto found = members->find(name);
    return found == members->end() ? nullptr : &found->second;
}

void Value::set(std::string name, Value value) {
    if (is_null()) data_ = Object{};
    if (auto* members = object()) members->insert_or_assign(std::move(name), std::move(value));
}

}  // namespace agent
