#include "courier/multipart.hpp"

#include "base/encoding.hpp"
#include "crypto/random.hpp"

namespace agent {

MultipartForm write_upload_form(const OutgoingBundle& bundle, std::string_view boundary) {
    MultipartForm form;
    form.content_type.append("multipart/form-data; boundary=").append(boundary);
    form.body.reserve(bundle.bytes.size() + 1024);
    form.body.append("--").append(boundary);
    form.body.append("\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"bundle.json\"\r\n");
    form.body.append("Content-Type: application/json\r\n\r\n").append(bundle.bytes);
    form.body.append("\r\n--").append(boundary);
    form.body.append("\r\nContent-Disposition: form-data; name=\"signature\"; filename=\"bundle.sig\"\r\n");
    form.body.append("Content-Type: application/octet-stream\r\n\r\n").append(text_of(bundle.signature));
    form.body.append("\r\n--").append(boundary).append("--\r\n");
    return form;
}

std::string choose_boundary(const OutgoingBundle& bundle) {
    constexpr std::size_t digits = 40;
    while (true) {
        auto boundary = "agent-" + random_hex(digits);
        const bool occurs = bundle.bytes.find(boundary) != std::string::npos ||
                            text_of(bundle.signature).find(boundary) != std::string_view::npos;
        if (!occurs) return boundary;
    }
}

}  // namespace agent
