#pragma once
// Generations of a NixOS that are built: which runs, which the next boot takes, and going from one to another. Nothing
// is built or fetched.
#include "drift/patching/nixos_view.hpp"
#include "healing/action.hpp"
#include "healing/template.hpp"

namespace agent {

struct Generations {
    std::vector<NixosGeneration> built;  // in the order of their numbers
    NixosGeneration running;
    NixosGeneration boot;  // the profile's
    [[nodiscard]] const NixosGeneration* find(std::int64_t number) const noexcept;
    // The newest of that system: one system may be several generations.
    [[nodiscard]] std::int64_t number_of(const std::filesystem::path& system) const noexcept;
};

// `refused` where the running system is of no generation: no number leads back to it.
[[nodiscard]] Result<Generations> look_at_built(const NixosHost& host);

// The one that `word` means: "declared" (that the baseline wants, else the newest), "latest", "previous" (before the
// one that the next boot takes), or a number.
[[nodiscard]] Result<NixosGeneration> choose_generation(const Generations& all, std::string_view word,
                                                        std::optional<std::int64_t> declared);

// What a step of nixos.test or nixos.switch says.
struct GenerationRule {
    std::optional<Template> generation;  // nothing: "declared"
    Duration timeout{std::chrono::minutes{10}};
    [[nodiscard]] static GenerationRule read(MapReader& step, StepScope& scope);
    [[nodiscard]] Result<NixosGeneration> choose(const ActionTools& tools, const Value& params,
                                                 const Generations& all) const;
};

// What the undo of either needs: to where it goes back. Evidence tells `rollback_generation`.
struct WayBack {
    std::int64_t generation{};
    std::filesystem::path running;  // the system that ran
    Duration timeout{};
    [[nodiscard]] Value value() const;
    [[nodiscard]] static Result<WayBack> read(const Value& saved);
};

// A generation's own bin/switch-to-configuration. `verb`: test activates, boot makes it what the next boot takes,
// switch does both. Succeeded means exit status 0, else `why` says it; what the links say then is the caller's to look
// at.
[[nodiscard]] Task<StepOutcome> switch_to(const ActionTools& tools, std::filesystem::path system, std::string verb,
                                          Duration limit);
// nix-env: what the profile leads to.
[[nodiscard]] Task<StepOutcome> set_profile(const ActionTools& tools, const NixosHost& host, std::int64_t number,
                                            Duration limit);

}  // namespace agent
