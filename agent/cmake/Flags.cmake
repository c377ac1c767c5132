# Language level, warnings, hardening and sanitizers, on one interface target; nothing is set globally.
# Warnings become errors only in the presets, so that packagers with other compilers are not broken.
set(AGENT_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")
option(AGENT_FUZZ "Build the libFuzzer targets (Clang)" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
find_program(AGENT_CCACHE ccache)
if(AGENT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${AGENT_CCACHE}")
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(agent_flags INTERFACE)
target_compile_features(agent_flags INTERFACE cxx_std_20)
target_compile_options(agent_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wcast-qual -Wformat=2 -Wundef -Wextra-semi -Wimplicit-fallthrough
  -Wdouble-promotion -Wunused-result
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wsuggest-override>
  # GCC 12, false positives: the first on every coroutine frame, the second, when optimising, on moves of std::variant.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
  # Of several files in one compile it takes the types of all but the first for those of headers.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-maybe-uninitialized>)

if(AGENT_SANITIZE)
  target_compile_options(agent_flags INTERFACE -fsanitize=${AGENT_SANITIZE} -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>  # Clang 14: coroutines do not assemble with it
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)                # GCC 12: warns about fences inside Boost.Asio
  target_link_options(agent_flags INTERFACE -fsanitize=${AGENT_SANITIZE})
else()
  # Hardening of what is shipped; _FORTIFY_SOURCE wants an optimiser.
  target_compile_options(agent_flags INTERFACE -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  target_compile_definitions(agent_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
  target_link_options(agent_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
