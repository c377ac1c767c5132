#include "healing/step_output.hpp"

#include "healing/mask_secrets.hpp"
#include "healing/parameters.hpp"

namespace agent {
namespace {

Value unusable(std::string why) { return Value::object({{"unusable", std::move(why)}}); }

}  // namespace

Value usable_output(std::string_view printed, const KnownSecrets& secrets) {
    if (printed.ends_with('\n')) printed.remove_suffix(1);
    if (printed.empty()) return unusable("nothing was printed");
    if (printed.find('\n') != std::string_view::npos) return unusable("more than one line was printed");
    if (printed.size() > step_output_most)
        return unusable("more than " + std::to_string(step_output_most) + " bytes were printed");
    // Before anything that would quote it.
    if (secrets.are_in(printed) || mask_secrets(printed) != printed) return unusable("a secret seems to be in it");
    Value line{printed};
    Parameter rule;
    rule.longest = step_output_most;
    if (const auto sound = rule.check(line); sound.has_error()) return unusable("it " + sound.error().message());
    return line;
}

}  // namespace agent
