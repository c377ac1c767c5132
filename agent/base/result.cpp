#include "base/result.hpp"

#include <system_error>

namespace agent {

std::string_view to_string(Errc code) noexcept {
    switch (code) {
        case Errc::cancelled: return "cancelled";
        case Errc::timed_out: return "timed out";
        case Errc::unreachable: return "unreachable";
        case Errc::refused: return "refused";
        case Errc::malformed: return "malformed";
        case Errc::untrusted: return "untrusted";
        case Errc::not_found: return "not found";
        case Errc::storage: return "storage";
        case Errc::disk_full: return "disk full";
        case Errc::corrupt: return "corrupt";
        case Errc::system: return "system";
    }
    return "unknown";
}

Error Error::in_context(std::string_view doing) && {
    message_.insert(0, std::string{doing} + ": ");
    return std::move(*this);
}

Error system_error(int errno_value, std::string_view doing) {
    return Error{Errc::system, std::generic_category().message(errno_value)}.in_context(doing);
}

}  // namespace agent
