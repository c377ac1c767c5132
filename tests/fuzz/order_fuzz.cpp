// The envelope of an order, and its payload: written again they say the same. The input is taken for both.
#include "codec/envelope.hpp"
#include "codec/order_codec.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace agent;
using testing::must;

void read_payload(std::string_view bytes) {
    const auto order = parse_order(bytes);
    if (order.has_error()) return must(order.error().code() == Errc::malformed, "a refusal is malformed");
    const auto written = write_order(order.value());
    const auto again = parse_order(written);
    must(again.has_value(), "a payload that is written can be read");
    must(write_order(again.value()) == written, "a payload that is written reads as the same");
    must(again.value().issued_at == order.value().issued_at, "the time is kept to the millisecond");
    static_cast<void>(order.value().expires_at());
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    read_payload(input);
    const auto envelope = parse_envelope(input);
    if (envelope.has_error()) return must(envelope.error().code() == Errc::malformed, "a refusal is malformed");
    const auto& first = envelope.value();
    const auto again = parse_envelope(write_envelope(first.payload_type, first.payload, first.signatures));
    must(again.has_value(), "an envelope that is written can be read");
    must(again.value().members == first.members, "canonical base64 has one spelling");
    must(again.value().payload == first.payload, "the payload is kept byte for byte");
    read_payload(first.payload);
}
