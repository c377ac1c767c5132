#pragma once
// A JSON value as plain data: what checks report, what parameters carry. Reading and writing it is the codec's job.
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace agent {

class Value {
public:
    using Array = std::vector<Value>;
    // Sorted by name, so that the same facts always have the same bytes.
    using Object = std::map<std::string, Value, std::less<>>;

    Value() = default;                                            // null
    Value(std::nullptr_t) {}                                      // NOLINT(google-explicit-constructor)
    Value(bool value) : data_{value} {}                           // NOLINT(google-explicit-constructor)
    Value(int value) : data_{std::int64_t{value}} {}              // NOLINT(google-explicit-constructor)
    Value(std::int64_t value) : data_{value} {}                   // NOLINT(google-explicit-constructor)
    Value(double value) : data_{value} {}                         // NOLINT(google-explicit-constructor)
    Value(const char* value) : data_{std::string{value}} {}       // NOLINT(google-explicit-constructor)
    Value(std::string_view value) : data_{std::string{value}} {}  // NOLINT(google-explicit-constructor)
    Value(std::string value) : data_{std::move(value)} {}         // NOLINT(google-explicit-constructor)
    Value(Array value) : data_{std::move(value)} {}               // NOLINT(google-explicit-constructor)
    Value(Object value) : data_{std::move(value)} {}              // NOLINT(google-explicit-constructor)
    [[nodiscard]] static Value object(std::initializer_list<std::pair<const std::string, Value>> members) {
        return Value{Object{members}};
    }
    [[nodiscard]] static Value array(std::initializer_list<Value> items) { return Value{Array{items}}; }
    [[nodiscard]] static Value strings(const std::vector<std::string>& items) {
        return Value{Array{items.begin(), items.end()}};
    }

    [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
    // Each is null unless the value is of that kind.
    [[nodiscard]] const bool* boolean() const noexcept { return std::get_if<bool>(&data_); }
    [[nodiscard]] const std::int64_t* integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
    [[nodiscard]] const double* real() const noexcept { return std::get_if<double>(&data_); }
    [[nodiscard]] const std::string* string() const noexcept { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Array* array() const noexcept { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* object() const noexcept { return std::get_if<Object>(&data_); }
    [[nodiscard]] Array* array() noexcept { return std::get_if<Array>(&data_); }
    [[nodiscard]] Object* object() noexcept { return std::get_if<Object>(&data_); }

    // Member `name` of an object; null where there is none or this is no object.
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;
    // Sets a member; a null value becomes an object first.
    void set(std::string name, Value value);

    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

}  // namespace agent
