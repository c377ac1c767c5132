#include "drift/patching/nixos_view.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "codec/json.hpp"
#include "drift/patching/notes.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

constexpr std::array<std::string_view, 3> part_names{"kernel", "initrd", "kernel-modules"};

// Of the link itself: everything in the store is of 1970.
Result<WallTime> made(const std::filesystem::path& link) {
    struct stat status {};
    if (::lstat(link.c_str(), &status) != 0) return file_error(errno, "search", link);
    return WallTime{std::chrono::seconds{status.st_mtim.tv_sec}};
}

// Empty where there is no such link: a container has no kernel of its own.
Result<std::filesystem::path> target_of(const std::filesystem::path& link) {
    std::error_code failed;
    auto target = std::filesystem::read_symlink(link, failed);
    if (!failed) return target;
    if (failed == std::errc::no_such_file_or_directory) return std::filesystem::path{};
    if (failed == std::errc::invalid_argument) return Error{Errc::malformed, link.native() + " is no link"};
    return file_error(failed.value(), "search", link);
}

Result<std::vector<BootPart>> look_at_parts(const NixosHost& host) {
    std::vector<BootPart> parts;
    for (const auto name : part_names) {
        AGENT_TRY(auto booted, target_of(host.booted / name));
        AGENT_TRY(auto current, target_of(host.current / name));
        parts.push_back({std::string{name}, std::move(booted), std::move(current)});
    }
    return parts;
}

Result<std::vector<NixosGeneration>> look_at_generations(const std::filesystem::path& profiles) {
    std::error_code failed;
    std::filesystem::directory_iterator entries{profiles, failed};
    std::vector<NixosGeneration> generations;
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed)) {
        const auto link = entries->path();
        const auto number = generation_number(link.filename().native());
        if (!number) continue;
        AGENT_TRY(const auto when, made(link));
        AGENT_TRY(auto target, target_of(link));
        if (target.is_relative()) target = profiles / target;
        generations.push_back({*number, std::move(target), when});
    }
    if (failed) return file_error(failed.value(), "read", profiles);
    if (generations.empty()) return Error{Errc::not_found, "no generation of a system in " + profiles.native()};
    std::sort(generations.begin(), generations.end(),
              [](const NixosGeneration& a, const NixosGeneration& b) { return a.number < b.number; });
    return generations;
}

std::string word_in(const Value& value, std::string_view name) {
    const auto* text = text_in(value, name);
    return text == nullptr ? std::string{} : *text;
}

}  // namespace

std::optional<std::int64_t> generation_number(std::string_view link) {
    constexpr std::string_view start{"system-"};
    constexpr std::string_view end{"-link"};
    if (link.size() <= start.size() + end.size() || !link.starts_with(start) || !link.ends_with(end))
        return std::nullopt;
    const auto digits = link.substr(start.size(), link.size() - start.size() - end.size());
    std::int64_t number{};
    const auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failed != std::errc{} || stop != digits.data() + digits.size() || number < 1) return std::nullopt;
    return number;
}

Result<NixosVersion> parse_nixos_version(std::string_view json) {
    AGENT_TRY(const auto value, in_context(parse_json(json), "what nixos-version printed"));
    NixosVersion version{word_in(value, "configurationRevision"), word_in(value, "nixpkgsRevision"),
                         word_in(value, "nixosVersion")};
    if (version.version.empty()) return Error{Errc::malformed, "nixos-version printed no version"};
    return version;
}

NixosView look_at_nixos(const NixosHost& host) {
    const auto activated = made(host.current);
    return {look_at_nixos_system(host.current),
            look_at_nixos_system(host.booted),
            look_at_generations(host.profiles),
            look_at_parts(host),
            activated.has_value() ? activated.value() : WallTime{},
            std::nullopt};
}

const NixosGeneration* running_generation(const NixosView& view) {
    if (view.current.has_error() || view.generations.has_error()) return nullptr;
    const auto& generations = view.generations.value();
    const auto& path = view.current.value().store_path;
    // The same system may have been made a generation more than once; it is as young as the last time.
    const auto found = std::find_if(generations.rbegin(), generations.rend(),
                                    [&path](const NixosGeneration& one) { return one.store_path == path; });
    return found == generations.rend() ? nullptr : &*found;
}

DuesSeen dues_of(const NixosView& view, WallTime booted) {
    DuesSeen seen;
    if (view.parts.has_error()) return seen;
    const auto& parts = view.parts.value();
    if (std::any_of(parts.begin(), parts.end(), [](const BootPart& part) { return part.differs(); }))
        seen.emplace(reboot_due, DueSeen{view.activated, booted});
    return seen;
}

}  // namespace agent
