#pragma once
// The form of an upload (PROTOCOL.md section 6, RFC 7578).
#include <string>
#include <string_view>

#include "courier/core_port.hpp"

namespace agent {

struct MultipartForm {
    std::string content_type;  // with the boundary
    std::string body;
};

// Parts `bundle` and `signature`. `boundary` must not occur in them; choose_boundary gives such a one.
[[nodiscard]] MultipartForm write_upload_form(const OutgoingBundle& bundle, std::string_view boundary);

// Random, and checked not to occur in the bundle's bytes or signature.
[[nodiscard]] std::string choose_boundary(const OutgoingBundle& bundle);

}  // namespace agent
