// sysctl.set: a setting of the running kernel. What a reboot brings is not its business.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/handle.hpp"
#include "base/text.hpp"
#include "codec/members.hpp"
#include "drift/custom/sysctl_key.hpp"
#include "healing/actions.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t setting_most = 4096;

Result<std::filesystem::path> file_of_setting(const std::string& key) {
    const auto below = sysctl_file(key);
    if (!below) return Error{Errc::malformed, "not the name of a kernel setting: " + agent::quoted(key, 80)};
    return "/proc/sys" / *below;
}

// As the kernel prints it, without the end of the line.
Result<std::string> read_setting(const std::string& key) {
    AGENT_TRY(const auto file, file_of_setting(key));
    auto text = read_file(file, setting_most);
    if (text.has_error() && text.error().code() == Errc::not_found)
        return Error{Errc::not_found, "this kernel has no setting " + key + " (a module may have to be loaded first)"};
    AGENT_TRY(auto value, std::move(text));
    while (value.ends_with('\n')) value.pop_back();
    return value;
}

// In one write: the kernel takes the whole value or none of it.
Result<> write_setting(const std::string& key, const std::string& value) {
    AGENT_TRY(const auto file, file_of_setting(key));
    const Descriptor setting{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!setting.valid()) return system_error(errno, "opening " + file.native());
    const auto line = value + '\n';
    if (::write(setting.get(), line.data(), line.size()) < 0)
        return system_error(errno, "writing " + agent::quoted(value, 80) + " into " + file.native());
    return ok();
}

Value state_of_setting(const std::string& key, const std::string& value) {
    return Value::object({{"key", key}, {"value", one_spaced(value)}});
}

struct SavedSetting {
    std::string key;
    std::string value;
};

Result<SavedSetting> read_saved_setting(const Value& saved) {
    AGENT_TRY(const auto members, Members::of(saved, "saved"));
    SavedSetting setting;
    AGENT_TRY(setting.key, members.string("key"));
    AGENT_TRY(setting.value, members.string("value"));
    return setting;
}

std::string describe_setting_undo(const Value& saved) {
    const auto former = read_saved_setting(saved);
    if (former.has_error()) return former.error().message();
    return "set " + former.value().key + " back to " + agent::quoted(former.value().value, 80);
}

Task<Value> set_back(const ActionTools& /*tools*/, Value saved) {
    AGENT_CO_TRY(const auto former, read_saved_setting(saved));
    AGENT_CO_TRY(const auto now, read_setting(former.key));
    if (now != former.value) {
        AGENT_CO_TRY(write_setting(former.key, former.value));
    }
    AGENT_CO_TRY(const auto after, read_setting(former.key));
    co_return state_of_setting(former.key, after);
}

class SysctlSet final : public Action {
public:
    SysctlSet(std::string key, std::string value) : key_{std::move(key)}, value_{std::move(value)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "sysctl.set"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& /*params*/) override {
        AGENT_CO_TRY(const auto now, read_setting(key_));
        PlanStep step;
        step.action = name();
        step.current = state_of_setting(key_, now);
        step.desired = state_of_setting(key_, value_);
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& /*tools*/, const Value& /*params*/) override {
        AGENT_CO_TRY(auto now, read_setting(key_));
        co_return std::optional{Value::object({{"key", key_}, {"value", std::move(now)}})};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& /*tools*/, const Value& /*params*/,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto former, read_saved_setting(saved.value_or(Value{})));
        AGENT_CO_TRY(const auto now, read_setting(key_));
        if (former.key != key_ || former.value != now)
            co_return Error{Errc::refused, key_ + " changed while it was looked at"};
        StepOutcome outcome;
        outcome.state = state_of_setting(key_, now);
        const auto written = write_setting(key_, value_);
        const auto after = read_setting(key_);
        outcome.touched = written.has_value() || after.has_error() || after.value() != now;
        if (after.has_value()) outcome.state = state_of_setting(key_, after.value());
        if (written.has_error())
            outcome.why = written.error().message();
        else if (after.has_error())
            outcome.why = key_ + " was set, but cannot be read: " + after.error().message();
        else if (one_spaced(after.value()) != value_)
            outcome.why = key_ + " was set to " + agent::quoted(value_, 80) + ", but the kernel made " +
                          agent::quoted(after.value(), 80) + " of it";
        else
            outcome.succeeded = true;
        co_return outcome;
    }

private:
    std::string key_;
    std::string value_;
};

}  // namespace

const Undo undo_of_sysctl_set{&describe_setting_undo, &set_back};

std::unique_ptr<Action> read_sysctl_set(MapReader& step, StepScope& /*scope*/) {
    const auto key = step.text("key");
    step.require("key", "it names the setting, as in net.ipv4.ip_forward");
    const auto written = step.text("value");
    step.require("value", "it is what the setting is to be");
    if (!key || !written) return nullptr;
    if (const auto file = file_of_setting(*key); file.has_error()) step.fault("key", file.error().message());
    const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    auto value = one_spaced(*written);
    if (value.empty() || value.size() > setting_most || std::ranges::any_of(value, is_odd))
        step.fault("value", "must be 1 to 4096 characters that can be printed");
    return std::make_unique<SysctlSet>(*key, std::move(value));
}

}  // namespace agent
