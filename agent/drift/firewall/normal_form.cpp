#include "drift/firewall/normal_form.hpp"

#include <algorithm>
#include <utility>

#include "codec/json.hpp"

namespace agent {
namespace {

Value::Array sorted(Value::Array items) {
    std::vector<std::pair<std::string, Value>> by_text;
    by_text.reserve(items.size());
    for (auto& item : items) {
        auto text = text_of(item);
        by_text.emplace_back(std::move(text), std::move(item));
    }
    std::ranges::stable_sort(by_text, {}, &std::pair<std::string, Value>::first);
    Value::Array in_order;
    in_order.reserve(by_text.size());
    for (auto& [text, item] : by_text) in_order.push_back(std::move(item));
    return in_order;
}

// Null where nothing is left to say.
Value without(const Value::Object& object, std::initializer_list<std::string_view> names) {
    Value::Object rest;
    for (const auto& [name, value] : object)
        if (std::ranges::find(names, name) == names.end()) rest.emplace(name, normal_form(value));
    return rest.empty() ? Value{} : Value{std::move(rest)};
}

Value normal_member(const std::string& name, const Value& value) {
    if (name == "last") return {};
    if (const auto* object = value.object()) {
        if (name == "counter") return without(*object, {"packets", "bytes"});
        if (name == "quota") return without(*object, {"used", "used_unit"});
    }
    if (name == "flags" && value.string() != nullptr) return Value::array({value});
    auto normal = normal_form(value);
    if (auto* items = normal.array(); items != nullptr && (name == "set" || name == "flags"))
        return sorted(std::move(*items));
    return normal;
}

}  // namespace

Value normal_form(const Value& value) {
    if (const auto* items = value.array()) {
        Value::Array normal;
        normal.reserve(items->size());
        for (const auto& item : *items) normal.push_back(normal_form(item));
        return normal;
    }
    if (const auto* members = value.object()) {
        Value::Object normal;
        for (const auto& [name, member] : *members) normal.emplace(name, normal_member(name, member));
        return normal;
    }
    return value;
}

std::string text_of(const Value& value) {
    // Addresses and ports are most of what large sets hold: no need to go through the JSON library for them.
    if (const auto* string = value.string(); string != nullptr && string->find_first_of("\"\\") == std::string::npos)
        return '"' + *string + '"';
    if (const auto* integer = value.integer()) return std::to_string(*integer);
    return write_json(value);
}

}  // namespace agent
