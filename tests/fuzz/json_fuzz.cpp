// Strict JSON: what is read can be written, and reads as the same.
#include "codec/json.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    const auto value = parse_json(input);
    if (value.has_error()) return must(value.error().code() == Errc::malformed, "a refusal is malformed");
    const auto written = write_json(value.value());
    const auto again = parse_json(written);
    must(again.has_value(), "what is written can be read");
    must(again.value() == value.value(), "what is written reads as the same value");
    must(write_json(again.value()) == written, "the same value has the same bytes");
    must(parse_json(write_json_pretty(value.value())).value() == value.value(), "the same for people");
}
