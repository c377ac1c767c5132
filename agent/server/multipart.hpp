#pragma once
// multipart/form-data (RFC 7578, RFC 2046), as an upload of evidence needs it.
#include <string_view>

#include "base/result.hpp"

namespace agent {

// Views into the body they were read from.
struct EvidenceForm {
    std::string_view bundle;
    std::string_view signature;  // 64 bytes
};

// `malformed` unless it is multipart/form-data with a boundary.
[[nodiscard]] Result<> check_form_type(std::string_view content_type);

// `malformed` unless the body has exactly one part `bundle` and one part `signature`, in either order, and the
// signature has 64 bytes. Parts of other names, at most 16 in all, are passed over; file names and the parts' own types
// are not looked at.
[[nodiscard]] Result<EvidenceForm> parse_evidence_form(std::string_view content_type, std::string_view body);

}  // namespace agent
