#pragma once
// Which endpoint a request is for and whether its caller may call it. Decided before a byte of the body is read.
#include <cstddef>
#include <variant>

#include "server/api.hpp"

namespace agent {

enum class CallableBy : std::uint8_t { anyone, host, operators, both };

struct Route {
    std::string_view method;
    std::vector<std::string_view> path;  // "*" stands for any one segment
    CallableBy by{CallableBy::both};
    std::size_t body_most{};
    int too_large_status{413};  // of a longer body, with the reason `too_large`
    api::Handler handler{};
    bool takes_form{};  // multipart/form-data
};

// The route (of HEAD that of GET), or the refusal: 403 unknown_identity, identity_mismatch, forbidden; 404 not_found;
// 405 method_not_allowed.
[[nodiscard]] std::variant<const Route*, ApiResponse> admit(const ApiRequest& request, const Caller& caller);

// What is wrong with the type of the body, before it is read: 400 malformed.
[[nodiscard]] std::optional<ApiResponse> refuse_type(const Route& route, const ApiRequest& request);

// Carries out an admitted request. A storage fault is logged and becomes 503.
[[nodiscard]] Reply answer(const Route& route, const api::Call& call);

}  // namespace agent
