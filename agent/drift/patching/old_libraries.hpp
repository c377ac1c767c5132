#pragma once
// Processes that run programs or libraries which were replaced on disk since: an upgrade does not protect them yet.
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "drift/patching/due.hpp"
#include "model/value.hpp"

namespace agent {

struct OldService {
    std::set<std::string> libraries;
    std::set<pid_t> processes;
    WallTime since;    // when the first of its libraries was replaced
    WallTime started;  // when the first of its processes began
};

// What a look at every process told, to be known by the next one.
struct WholeLook {
    std::string stamp;  // of what changes when packages do; empty: unknown
    WallTime made;
    std::set<pid_t> old;
    std::size_t processes{};
    std::size_t barred{};        // whose maps we may not read
    std::string barred_example;  // "1 (systemd)"
};

struct OldLibraries {
    std::map<std::string, OldService, std::less<>> services;  // by unit, or `process "NAME"` of what is in none
    WholeLook whole;
};

// Whether only those found before need to be looked at again. A process maps what is on disk when it begins, so new
// ones come only with a change of packages; what is replaced by other means is found within `whole_look_every`.
inline constexpr Duration whole_look_every{std::chrono::hours{1}};
[[nodiscard]] bool still_holds(const WholeLook& look, const std::string& stamp, WallTime now);

// Looks at `known`'s processes where it still holds, else at all, a few at a time so that nobody is held up. Errors:
// `refused` where the processes of others are hidden from us, `cancelled`, and those of a folder that cannot be read.
[[nodiscard]] Task<OldLibraries> look_for_old_libraries(std::filesystem::path proc, std::optional<WholeLook> known,
                                                        std::string stamp, WallTime now, WallTime booted);

inline constexpr std::string_view restart_due{"restart "};  // and the service
[[nodiscard]] DuesSeen dues_of(const OldLibraries& old);

// Nothing where nothing was kept, or it cannot be read.
[[nodiscard]] std::optional<WholeLook> read_whole_look(const Value* notes);
[[nodiscard]] Value write_whole_look(const WholeLook& look);

}  // namespace agent
