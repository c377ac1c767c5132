#pragma once
// multipart/form-data (RFC 7578), as strictly as an upload of evidence needs it.
#include <string_view>

#include "base/result.hpp"

namespace agent {

// Views into the body they were read from.
struct EvidenceForm {
    std::string_view bundle;
    std::string_view signature;  // 64 bytes
};

// `malformed` unless the body is exactly two parts, `bundle` and `signature` in either order, and the signature has 64
// bytes. File names and the parts' own types are not looked at.
[[nodiscard]] Result<EvidenceForm> parse_evidence_form(std::string_view content_type, std::string_view body);

}  // namespace agent
