#include "drift/patching/kept_answer.hpp"
#include "drift/patching/notes.hpp"

#include <array>

namespace agent {
namespace {

const Value::Array* list_in(const Value& notes, std::string_view name) {
    const auto* member = notes.find(name);
    return member == nullptr ? nullptr : member->array();
}

using Triple = std::array<std::string, 3>;

std::optional<Triple> triple_in(const Value& value) {
    const auto* items = value.array();
    if (items == nullptr || items->size() != 3) return std::nullopt;
    Triple triple;
    for (std::size_t i = 0; i < triple.size(); ++i) {
        const auto* text = (*items)[i].string();
        if (text == nullptr) return std::nullopt;
        triple.at(i) = *text;
    }
    return triple;
}

// Makes a T of each of them; false where one is no triple.
template <class T>
bool read_triples(const Value::Array& values, std::vector<T>& into) {
    for (const auto& value : values) {
        auto triple = triple_in(value);
        if (!triple) return false;
        auto& [first, second, third] = *triple;
        into.push_back(T{std::move(first), std::move(second), std::move(third)});
    }
    return true;
}

bool read_texts(const Value::Array& values, std::vector<std::string>& into) {
    for (const auto& value : values) {
        if (value.string() == nullptr) return false;
        into.push_back(*value.string());
    }
    return true;
}

}  // namespace

bool still_holds(const KeptAnswer& answer, std::string_view inputs, WallTime now) {
    return answer.inputs == inputs && answer.made <= now && now - answer.made < kept_for_most;
}

std::optional<KeptAnswer> read_kept_answer(const Value* notes) {
    if (notes == nullptr) return std::nullopt;
    const auto* inputs = text_in(*notes, "inputs");
    const auto* made = text_in(*notes, "made");
    const auto* others = notes->find("others");
    const auto* security = list_in(*notes, "security");
    const auto* on_hold = list_in(*notes, "on_hold");
    const auto* kernels = list_in(*notes, "kernels");
    if (inputs == nullptr || made == nullptr || others == nullptr || security == nullptr || on_hold == nullptr ||
        kernels == nullptr)
        return std::nullopt;
    const auto when = parse_rfc3339(*made);
    if (when.has_error() || others->integer() == nullptr || *others->integer() < 0) return std::nullopt;
    KeptAnswer answer{*inputs, when.value(), {}, {}};
    answer.simulation.others = static_cast<std::size_t>(*others->integer());
    const bool whole = read_triples(*security, answer.simulation.security) &&
                       read_triples(*kernels, answer.dpkg.kernels) && read_texts(*on_hold, answer.dpkg.on_hold);
    if (!whole) return std::nullopt;
    return answer;
}

Value write_kept_answer(const KeptAnswer& answer) {
    Value::Array security;
    for (const auto& upgrade : answer.simulation.security)
        security.push_back(Value::strings({upgrade.package, upgrade.installed, upgrade.candidate}));
    Value::Array kernels;
    for (const auto& kernel : answer.dpkg.kernels)
        kernels.push_back(Value::strings({kernel.release, kernel.package, kernel.version}));
    return Value::object({{"inputs", answer.inputs},
                          {"made", format_rfc3339(answer.made)},
                          {"others", static_cast<std::int64_t>(answer.simulation.others)},
                          {"security", std::move(security)},
                          {"on_hold", Value::strings(answer.dpkg.on_hold)},
                          {"kernels", std::move(kernels)}});
}

}  // namespace agent
