// Answers of the order server: offers go out as the bytes they came in.
#include "codec/envelope.hpp"
#include "codec/offers.hpp"
#include "codec/problem.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    static_cast<void>(parse_problem(input));
    if (const auto upload = parse_upload_answer(input); upload.has_value())
        must(input.find(upload.value().receipt) != std::string_view::npos, "a receipt is bytes of the answer");

    const auto answer = parse_pending(input);
    if (answer.has_error()) return must(answer.error().code() == Errc::malformed, "a refusal is malformed");
    const auto again = parse_pending(write_pending(answer.value()));
    must(again.has_value(), "an answer that is written can be read");
    must(again.value().more == answer.value().more, "`more` stays");
    must(again.value().offers.size() == answer.value().offers.size(), "no offer is lost or won");
    for (std::size_t i = 0; i < again.value().offers.size(); ++i) {
        const auto& offer = answer.value().offers[i];
        must(again.value().offers[i].id == offer.id, "an id stays");
        must(again.value().offers[i].envelope == offer.envelope, "an envelope stays byte for byte");
        must(input.find(offer.envelope) != std::string_view::npos, "an envelope is bytes of the answer");
        must(offer.envelope.starts_with('{') && offer.envelope.ends_with('}'), "an envelope is an object");
        static_cast<void>(parse_envelope(offer.envelope));
    }
}
