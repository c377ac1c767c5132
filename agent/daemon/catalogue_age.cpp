#include "daemon/catalogue_age.hpp"

#include <algorithm>

#include "async/system_time_source.hpp"
#include "base/log.hpp"
#include "store/state_store.hpp"

namespace agent {

std::optional<std::string> why_too_old(std::optional<WallTime> issued_at, std::optional<WallTime> newest) {
    if (!newest || (issued_at && *issued_at >= *newest)) return std::nullopt;
    return (issued_at ? "it was signed at " + format_rfc3339(*issued_at)
                      : std::string{"it does not say when it was signed"}) +
           ", and this host has accepted one that was signed at " + format_rfc3339(*newest) +
           "; if it is the older one that is wanted, sign it anew";
}

Result<std::optional<WallTime>> newest_accepted_catalogue(const std::filesystem::path& state_dir) {
    const auto store = StateStore::open(state_dir, OpenMode::read_only, SystemTimeSource{}.wall_now());
    if (store.has_value()) return store.value()->memory().newest_catalogue();
    if (store.error().code() == Errc::not_found) return std::optional<WallTime>{};
    return store.error();
}

void remember_catalogue(const LoadedAgent& loaded, AgentMemory& memory, WallTime now) {
    if (!loaded.catalogue_issued_at) return;
    const auto kept = memory.keep_newest_catalogue(std::min(*loaded.catalogue_issued_at, now));
    if (kept.has_error())
        log_warning("when the signed catalogue of runbooks was signed could not be written down: " +
                    kept.error().message());
}

}  // namespace agent
