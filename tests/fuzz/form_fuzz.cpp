// An upload. The first line is the Content-Type, the rest the body: both are the client's.
#include "fuzz/fuzz.hpp"
#include "server/multipart.hpp"

void agent::testing::fuzz(std::string_view input) {
    const auto content_type = first_line(input);
    const auto form = parse_evidence_form(content_type, input);
    if (form.has_error()) return must(form.error().code() == Errc::malformed, "a refusal is malformed");
    must(check_form_type(content_type).has_value(), "a form has the type of one");
    must(form.value().signature.size() == 64, "a signature has 64 bytes");
    for (const auto part : {form.value().bundle, form.value().signature})
        must(part.data() >= input.data() && part.data() + part.size() <= input.data() + input.size(),
             "a part lies within the body");
}
