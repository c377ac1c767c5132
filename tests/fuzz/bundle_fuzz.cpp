// Bundles of others: white space around the members and a member of a later version change nothing.
#include "codec/bundle_codec.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    const auto bundle = parse_bundle(input);
    if (bundle.has_error()) return must(bundle.error().code() == Errc::malformed, "a refusal is malformed");
    std::string later{input.substr(0, input.rfind('}'))};
    later += " , \"a member of a later version, unlike any here\" : [ { } ] } ";
    const auto again = parse_bundle(later);
    must(again.has_value(), "further members are allowed");
    must(again.value().bundle_id == bundle.value().bundle_id, "the id stays");
    must(again.value().timestamp_end == bundle.value().timestamp_end, "the time stays");
    must(again.value().chain.sequence == bundle.value().chain.sequence, "the place in the chain stays");
    must(bundle.value().chain.sequence >= 1, "a chain counts from 1");
}
