#include "drift/declared_values.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace agent {
namespace {

// Strings and integers as they stand: 0644 is no 644.
Value single_value(const YamlNode& node) {
    const auto value = node.to_value();
    if (const auto* flag = value.boolean()) return *flag ? "true" : "false";
    if (value.string() == nullptr && value.integer() == nullptr) return {};
    return node.text.size() <= declared_value_most ? Value{node.text} : Value{};
}

Value values_of(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar) return single_value(node);
    if (node.kind != YamlNode::Kind::map) return {};
    Value values{Value::Object{}};
    for (const auto& member : node.members) values.set(member.name, values_of(member.value));
    return values;
}

Value entries_by_name(const YamlNode& list) {
    Value entries{Value::Object{}};
    for (const auto& item : list.items)
        if (const auto* name = item.find("name"); name != nullptr && !name->text.empty())
            entries.set(name->text, values_of(item));
    return entries;
}

Error nothing_at(std::string_view address, std::string_view member, const Value::Object& there) {
    std::vector<std::string_view> known;
    for (const auto& entry : there) known.emplace_back(entry.first);
    std::string text = "the baseline has no " + std::string{address};
    const auto meant = nearest(member, known);
    if (!meant.empty()) text += "; did you mean " + quoted(meant) + "?";
    return {Errc::not_found, std::move(text)};
}

}  // namespace

Value declared_values(const YamlNode& root) {
    auto values = values_of(root);
    const auto* own = root.find("custom");
    if (own != nullptr && values.object() != nullptr) values.set("custom", entries_by_name(*own));
    return values;
}

Result<std::string> find_declared(const Value& declared, std::string_view address) {
    const auto* value = &declared;
    for (auto rest = address; !rest.empty();) {
        const auto member = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(rest.size(), member.size() + 1));
        const auto* there = value->object();
        value = value->find(member);
        if (value == nullptr) return nothing_at(address, member, there != nullptr ? *there : Value::Object{});
    }
    if (const auto* text = value->string()) return *text;
    return Error{Errc::malformed, std::string{address} +
                                      " of the baseline is no single string, integer or boolean of at most " +
                                      std::to_string(declared_value_most) + " bytes"};
}

}  // namespace agent
