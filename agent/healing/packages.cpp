#include "healing/packages.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "drift/fields.hpp"

namespace agent {
namespace {

constexpr std::string_view lower_case{"abcdefghijklmnopqrstuvwxyz"};
constexpr std::string_view decimal_digits{"0123456789"};

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
    return std::ranges::all_of(text, [sets](char c) {
        return std::ranges::any_of(sets, [c](std::string_view set) { return set.find(c) != std::string_view::npos; });
    });
}

bool is_there(const PackageState& state) { return state.state != "config-files" && state.state != "not-installed"; }

std::string_view name_alone(std::string_view package) { return package.substr(0, package.find(':')); }

// As apt does it (QuoteString in its strutl.cc).
std::string escaped(std::string_view text, std::string_view but) {
    std::string safe;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (but.find(c) == std::string_view::npos && c != '%' && byte > 0x20 && byte < 0x7F) {
            safe += c;
            continue;
        }
        std::array<char, 4> code{};
        std::snprintf(code.data(), code.size(), "%%%02x", static_cast<unsigned>(byte));
        safe += code.data();
    }
    return safe;
}

Value text_or_null(const std::string& text) { return text.empty() ? Value{} : Value{text}; }

const std::string* text_of(const Value& value, std::string_view name) {
    const auto* member = value.find(name);
    return member == nullptr ? nullptr : member->string();
}

std::optional<PackageChange> read_change(const Value& value) {
    const auto* package = text_of(value, "package");
    const auto* from = text_of(value, "from");
    const auto* to = text_of(value, "to");
    const auto* file = text_of(value, "former_file");
    const auto* automatic = value.find("automatic");
    if (package == nullptr || from == nullptr || to == nullptr || file == nullptr) return std::nullopt;
    if (automatic == nullptr || automatic->boolean() == nullptr || !is_package_name(*package)) return std::nullopt;
    return PackageChange{*package, *from, *to, *file, *automatic->boolean()};
}

}  // namespace

bool is_package_name(std::string_view text) noexcept {
    const auto name = name_alone(text);
    const bool plain = name.size() >= 2 && consists_of(name.substr(0, 1), {lower_case, decimal_digits}) &&
                       consists_of(name, {lower_case, decimal_digits, "+.-"}) && !name.ends_with('-');
    if (!plain || name.size() == text.size()) return plain;
    const auto architecture = text.substr(name.size() + 1);
    return !architecture.empty() && consists_of(architecture, {lower_case, decimal_digits});
}

std::string PackageState::words() const { return state == "installed" ? version : version + " (" + state + ')'; }

Result<InstalledPackages> InstalledPackages::parse(std::string_view text, std::string native) {
    InstalledPackages installed;
    installed.native_ = std::move(native);
    for (const auto line : fields_of(text, '\n')) {
        const auto fields = fields_of(line, '\t');
        if (fields.size() != 6)
            return Error{Errc::malformed, "dpkg-query printed a line that makes no sense: " + quoted(line)};
        PackageState state{std::string{fields[2]}, std::string{fields[1]}, std::string{fields[5]}, fields[3] == "hold"};
        if (fields[4] != "ok") state.state += ", " + std::string{fields[4]};
        installed.packages_.emplace(std::string{fields[0]} + ':' + std::string{fields[1]}, std::move(state));
    }
    return installed;
}

const PackageState* InstalledPackages::look_up(std::string_view package) const {
    const auto exact = packages_.find(package);
    if (exact != packages_.end()) return &exact->second;
    for (const std::string_view architecture : {std::string_view{native_}, std::string_view{"all"}}) {
        const auto found = packages_.find(std::string{package}.append(":").append(architecture));
        if (found != packages_.end() && is_there(found->second)) return &found->second;
    }
    return nullptr;
}

const PackageState* InstalledPackages::find(std::string_view package) const {
    const auto* state = look_up(package);
    return state != nullptr && is_there(*state) ? state : nullptr;
}

bool InstalledPackages::left_configuration(std::string_view package) const {
    const auto start = std::string{name_alone(package)} + ':';
    const auto first = packages_.lower_bound(start);
    return first != packages_.end() && first->first.starts_with(start) && first->second.state == "config-files";
}

std::optional<std::string> InstalledPackages::unfinished() const {
    for (const auto& [package, state] : packages_)
        if (is_there(state) && state.state != "installed") return package + " is " + state.state;
    return std::nullopt;
}

Value value_of_upgrade(const Upgrade& upgrade) {
    Value::Array changes;
    for (const auto& change : upgrade.changes)
        changes.push_back(Value::object({{"package", change.package},
                                         {"from", change.from},
                                         {"to", change.to},
                                         {"former_file", change.former_file.string()},
                                         {"automatic", change.automatic}}));
    return Value::object({{"changes", std::move(changes)},
                          {"without_undo", upgrade.without_undo},
                          {"purges", upgrade.purges},
                          {"timeout_sec", upgrade.timeout_sec}});
}

Result<Upgrade> read_upgrade(const Value& saved) {
    const Error damaged{Errc::corrupt, "what was kept of the packages before they were upgraded cannot be read"};
    const auto* changes = saved.find("changes");
    const auto* without_undo = saved.find("without_undo");
    const auto* purges = saved.find("purges");
    const auto* timeout = saved.find("timeout_sec");
    if (changes == nullptr || changes->array() == nullptr || timeout == nullptr || timeout->integer() == nullptr)
        return damaged;
    if (without_undo == nullptr || without_undo->boolean() == nullptr) return damaged;
    if (purges == nullptr || purges->boolean() == nullptr) return damaged;
    Upgrade upgrade{{}, *without_undo->boolean(), *purges->boolean(), *timeout->integer()};
    for (const auto& value : *changes->array()) {
        auto change = read_change(value);
        if (!change) return damaged;
        upgrade.changes.push_back(*std::move(change));
    }
    return upgrade;
}

Value versions_found(const Upgrade& upgrade, const InstalledPackages& installed) {
    Value packages{Value::Object{}};
    for (const auto& change : upgrade.changes) {
        const auto* state = installed.find(change.package);
        packages.set(change.package, state == nullptr ? Value{} : Value{state->words()});
    }
    return Value::object({{"packages", std::move(packages)}});
}

Value versions_before(const Upgrade& upgrade) {
    Value packages{Value::Object{}};
    for (const auto& change : upgrade.changes) packages.set(change.package, text_or_null(change.from));
    return Value::object({{"packages", std::move(packages)}});
}

Value versions_wanted(const Upgrade& upgrade) {
    Value packages{Value::Object{}};
    for (const auto& change : upgrade.changes) packages.set(change.package, change.to);
    return Value::object({{"packages", std::move(packages)}});
}

std::vector<std::string> pinned(const Upgrade& upgrade) {
    std::vector<std::string> words;
    for (const auto& change : upgrade.changes) words.push_back(change.package + '=' + change.to);
    return words;
}

std::string file_of_package(std::string_view package, const PackageState& state) {
    return escaped(name_alone(package), "_:") + '_' + escaped(state.version, "_:") + '_' +
           escaped(state.architecture, "_:.") + ".deb";
}

}  // namespace agent
