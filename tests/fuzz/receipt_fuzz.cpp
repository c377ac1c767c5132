// Receipts: written again they say the same.
#include "codec/receipt_codec.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    const auto receipt = parse_receipt(input);
    if (receipt.has_error()) return must(receipt.error().code() == Errc::malformed, "a refusal is malformed");
    const auto written = write_receipt(receipt.value());
    const auto again = parse_receipt(written);
    must(again.has_value(), "a receipt that is written can be read");
    must(write_receipt(again.value()) == written, "a receipt that is written reads as the same");
}
