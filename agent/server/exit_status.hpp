#pragma once
// INTERFACE.md, "Executables".
namespace agent::exit_status {

inline constexpr int fine = 0;
inline constexpr int undetermined = 2;
inline constexpr int usage = 64;
inline constexpr int configuration = 78;

}  // namespace agent::exit_status
