#include "host/step_unit_name.hpp"

#include <charconv>
#include <fstream>
#include <sstream>

namespace agent {
namespace {

constexpr std::string_view prefix{"compliance-agent-step-"};
constexpr std::string_view suffix{".service"};
constexpr std::string_view awaited_mark{"-whole"};

// The number at the start of `text`, which is taken off.
template <class T>
bool take_number(std::string_view& text, T& number) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return true;
}

bool take_dash(std::string_view& text) {
    if (!text.starts_with('-')) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<ProcessIdentity> identity_of(pid_t number) {
    std::ifstream file{"/proc/" + std::to_string(number) + "/stat"};
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    // The second field is the program's name in parentheses, with whatever it likes between them.
    const auto behind_name = line.rfind(')');
    if (behind_name == std::string::npos) return std::nullopt;
    std::istringstream fields{line.substr(behind_name + 1)};
    std::string state;
    std::string skipped;
    fields >> state;
    if (state == "Z" || state == "X") return std::nullopt;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    ProcessIdentity identity{number, 0};
    if (!(fields >> identity.started)) return std::nullopt;
    return identity;
}

std::string StepUnit::name() const {
    std::string name{prefix};
    name.append(std::to_string(owner.number)).append("-").append(std::to_string(owner.started)).append("-");
    name.append(std::to_string(serial));
    if (when_orphaned == WhenOrphaned::awaited) name.append(awaited_mark);
    return name.append(suffix);
}

std::optional<StepUnit> StepUnit::parse(std::string_view name) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    name.remove_suffix(suffix.size());
    StepUnit unit;
    const bool is_sound = take_number(name, unit.owner.number) && take_dash(name) &&
                          take_number(name, unit.owner.started) && take_dash(name) && take_number(name, unit.serial);
    if (!is_sound || (!name.empty() && name != awaited_mark)) return std::nullopt;
    if (name == awaited_mark) unit.when_orphaned = WhenOrphaned::awaited;
    return unit;
}

}  // namespace agent
