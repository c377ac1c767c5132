#include "codec/json.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "codec/json_rules.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

using Json = nlohmann::json;

// Walks the text and shows the parser's position to the reader: at the start and end of an object it stands exactly
// behind the brace.
class Cursor {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Cursor(const char* at, const char** shown) : at_{at}, shown_{shown} {}
    reference operator*() const { return *at_; }
    Cursor& operator++() {
        *shown_ = ++at_;
        return *this;
    }
    friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

private:
    const char* at_;
    const char** shown_;
};

// Builds a value from the parser's events (the SAX interface of nlohmann::json; false stops the parser).
class Reader {
public:
    Reader(std::string_view text, const JsonRules& rules) : text_{text}, rules_{rules}, at_{text.data()} {}

    [[nodiscard]] Result<Value> read() {
        if (text_.starts_with("\xEF\xBB\xBF")) return failure(0, "starts with a byte order mark");
        // The library takes a NUL for the end of the text.
        if (const auto nul = text_.find('\0'); nul != std::string_view::npos) return failure(nul, "NUL byte");
        const Cursor first{text_.data(), &at_};
        const Cursor last{text_.data() + text_.size(), &at_};
        if (!Json::sax_parse(first, last, this))
            return error_ ? *std::move(error_) : failure(offset(), "no valid JSON");
        return std::move(root_);
    }

    bool null() { return scalar(Value{}); }
    bool boolean(bool value) { return scalar(Value{value}); }
    bool number_integer(std::int64_t value) { return scalar(Value{value}); }
    bool number_unsigned(std::uint64_t value) {
        constexpr auto most = std::numeric_limits<std::int64_t>::max();
        if (value <= static_cast<std::uint64_t>(most)) return scalar(Value{static_cast<std::int64_t>(value)});
        if (saturates()) return scalar(Value{most});
        return scalar(Value{static_cast<double>(value)});
    }
    bool number_float(double value, const std::string& written) {
        const bool integer = written.find_first_of(".eE") == std::string::npos;
        if (integer && saturates())
            return scalar(
                Value{value < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max()});
        return scalar(Value{value});
    }
    bool string(std::string& value) { return scalar(keeping_ > 0 ? Value{} : Value{std::move(value)}); }
    bool binary(Json::binary_t&) { return refuse("no valid JSON"); }  // never in text

    bool start_object(std::size_t) {
        if (keeping_ > 0 || begins_kept()) {
            if (keeping_++ == 0) kept_from_ = offset() - 1;
            return true;
        }
        return open(Value{Value::Object{}});
    }
    bool key(std::string& name) {
        if (keeping_ > 0) return true;
        if (open_.back().value.find(name) != nullptr) return refuse("duplicate member " + quoted(name, 64));
        open_.back().name = std::move(name);
        return true;
    }
    bool end_object() {
        if (keeping_ == 0) return close();
        if (--keeping_ > 0) return true;
        const auto bytes = text_.substr(kept_from_, offset() - kept_from_);
        return add(Value::object({{"bytes", Value{bytes}}}));
    }
    bool start_array(std::size_t) {
        if (keeping_ == 0) return open(Value{Value::Array{}});
        ++keeping_;
        return true;
    }
    bool end_array() {
        if (keeping_ == 0) return close();
        --keeping_;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) {
        return refuse("no valid JSON");
    }

private:
    struct Open {
        Value value;
        std::string name;  // of the member being read
    };

    [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - text_.data()); }
    [[nodiscard]] std::size_t depth() const { return open_.size() + 1; }
    [[nodiscard]] bool saturates() const { return depth() == rules_.saturated_depth; }
    [[nodiscard]] bool begins_kept() const {
        return depth() == rules_.kept_depth && !open_.empty() && open_.back().value.object() != nullptr &&
               open_.back().name == rules_.kept_member;
    }

    bool scalar(Value value) { return keeping_ > 0 || (shallow() && add(std::move(value))); }
    bool open(Value empty) {
        if (!shallow()) return false;
        open_.push_back({std::move(empty), {}});
        return true;
    }
    bool close() {
        Value done = std::move(open_.back().value);
        open_.pop_back();
        return add(std::move(done));
    }
    bool shallow() {
        return depth() <= limits::json_depth || refuse("deeper than " + std::to_string(limits::json_depth) + " levels");
    }
    bool add(Value value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (auto* items = open_.back().value.array()) {
            items->push_back(std::move(value));
        } else {
            open_.back().value.set(std::move(open_.back().name), std::move(value));
        }
        return true;
    }
    bool refuse(const std::string& why) {
        if (!error_) error_ = failure(offset(), why);
        return false;
    }
    [[nodiscard]] Error failure(std::size_t offset, const std::string& why) const {
        const auto before = text_.substr(0, offset);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        return Error{Errc::malformed,
                     why + " at byte " + std::to_string(offset) + " (line " + std::to_string(line) + ")"};
    }

    std::string_view text_;
    const JsonRules& rules_;
    const char* at_;
    std::vector<Open> open_;
    std::size_t keeping_{};    // nesting inside an object that is kept as bytes
    std::size_t kept_from_{};  // where it began
    Value root_;
    std::optional<Error> error_;
};

Json to_library(const Value& value) {
    if (const auto* boolean = value.boolean()) return *boolean;
    if (const auto* integer = value.integer()) return *integer;
    if (const auto* real = value.real()) return *real;
    if (const auto* string = value.string()) return *string;
    if (const auto* items = value.array()) {
        auto array = Json::array();
        for (const auto& item : *items) array.push_back(to_library(item));
        return array;
    }
    if (const auto* members = value.object()) {
        auto object = Json::object();
        for (const auto& [name, member] : *members) object.emplace(name, to_library(member));
        return object;
    }
    return nullptr;
}

std::string dump(const Value& value, int indent) {
    return to_library(value).dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonRules& rules) { return Reader{text, rules}.read(); }

Result<Value> parse_json(std::string_view text) { return parse_json(text, JsonRules{}); }

std::string write_json(const Value& value) { return dump(value, -1); }

std::string write_json_pretty(const Value& value) { return dump(value, 2); }

}  // namespace agent
