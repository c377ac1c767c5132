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

namespace agent {
namespace {

using Json = nlohmann::json;

// Walks the text at a position that the reader sees and may move: at the start and end of an object it stands exactly
// behind the brace. The library takes a NUL for the end of the text; it is shown another byte that stands nowhere.
class Cursor {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    explicit Cursor(const char*& at) : at_{&at} {}
    reference operator*() const {
        static constexpr char nowhere = '\x01';
        return **at_ == '\0' ? nowhere : **at_;
    }
    Cursor& operator++() {
        ++*at_;
        return *this;
    }
    friend bool operator==(const Cursor& a, const Cursor& b) { return *a.at_ == *b.at_; }

private:
    const char** at_;
};

// How long an object is that has begun before `text`: up to its closing brace, by strings and brackets alone.
std::optional<std::size_t> length_of_object(std::string_view text) {
    std::string closing{'}'};
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            if (c == '\\') ++at;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            closing += c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (c != closing.back()) return std::nullopt;
            closing.pop_back();
            if (closing.empty()) return at;
        }
    }
    return std::nullopt;
}

// Builds a value from the parser's events (the SAX interface of nlohmann::json; false stops the parser).
class Reader {
public:
    Reader(std::string_view text, const JsonRules& rules)
        : text_{text}, rules_{rules}, at_{text.data()}, end_{text.data() + text.size()} {}

    [[nodiscard]] Result<Value> read() {
        if (text_.starts_with("\xEF\xBB\xBF")) return failure(0, "starts with a byte order mark");
        if (!Json::sax_parse(Cursor{at_}, Cursor{end_}, this))
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
    bool string(std::string& value) { return scalar(Value{std::move(value)}); }
    bool binary(Json::binary_t&) { return refuse("no valid JSON"); }  // never in text

    bool start_object(std::size_t) { return begins_kept() ? keep() : open(Value{Value::Object{}}); }
    bool key(std::string& name) {
        if (open_.back().value.find(name) != nullptr) return refuse("duplicate member " + quoted(name, 64));
        open_.back().name = std::move(name);
        return true;
    }
    bool end_object() { return std::exchange(keeping_, false) || close(); }
    bool start_array(std::size_t) { return open(Value{Value::Array{}}); }
    bool end_array() { return close(); }
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

    // Takes an object that has just begun as bytes. The parser goes on at its end, as if it were empty.
    bool keep() {
        const auto begun = offset();
        const auto length = length_of_object(text_.substr(begun));
        if (!length) return refuse("an object that does not end");
        at_ += *length;
        keeping_ = true;
        return add(Value::object({{"bytes", Value{text_.substr(begun - 1, *length + 2)}}}));
    }
    bool scalar(Value value) { return shallow() && add(std::move(value)); }
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
        return depth() <= rules_.deepest || refuse("deeper than " + std::to_string(rules_.deepest) + " levels");
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
    const char* end_;
    std::vector<Open> open_;
    bool keeping_{};  // the object that ends next was kept as bytes
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

Result<Value> parse_json(std::string_view text, std::size_t deepest) {
    JsonRules rules;
    rules.deepest = deepest;
    return parse_json(text, rules);
}

std::string write_json(const Value& value) { return dump(value, -1); }

std::string write_json_pretty(const Value& value) { return dump(value, 2); }

}  // namespace agent
