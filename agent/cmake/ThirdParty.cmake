# Every library from outside, found here and nowhere else. README.md says which does what.
# Boost 1.81: the first in Debian 12 whose Asio has coroutine cancellation; header-only parts are compiled once below.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.37 REQUIRED)  # STRICT tables
find_package(nlohmann_json 3.11 REQUIRED)
find_package(EXPAT 2.4 REQUIRED)  # stops entities that multiply
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)

# C++ libraries become part of the executables, C libraries stay shared (agent/docs/adr/0005-cpp-libraries-are-linked-in.md).
# All or none: two C++ runtimes in one process do not go together.
option(AGENT_LINK_CXX_IN "Link yaml-cpp and the C++ runtime into the executables; not with sanitizers" ON)
add_library(agent_spdlog INTERFACE)
target_compile_definitions(agent_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(agent_spdlog INTERFACE fmt::fmt-header-only Threads::Threads)
add_library(agent_yaml_cpp INTERFACE)
find_library(AGENT_YAML_CPP_ARCHIVE "${CMAKE_STATIC_LIBRARY_PREFIX}yaml-cpp${CMAKE_STATIC_LIBRARY_SUFFIX}")
if(AGENT_LINK_CXX_IN AND AGENT_YAML_CPP_ARCHIVE AND NOT AGENT_SANITIZE)
  target_include_directories(agent_yaml_cpp SYSTEM INTERFACE $<TARGET_PROPERTY:yaml-cpp,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(agent_yaml_cpp INTERFACE "${AGENT_YAML_CPP_ARCHIVE}")
  target_link_options(agent_flags INTERFACE -static-libstdc++ -static-libgcc)
else()
  target_link_libraries(agent_yaml_cpp INTERFACE yaml-cpp)
endif()

add_library(agent_asio STATIC agent/cmake/boost_asio.cpp)
target_compile_features(agent_asio PUBLIC cxx_std_20)
target_compile_definitions(agent_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(agent_asio PUBLIC Boost::headers Threads::Threads)

add_library(agent_beast STATIC agent/cmake/boost_beast.cpp)
target_compile_definitions(agent_beast PUBLIC BOOST_BEAST_SEPARATE_COMPILATION BOOST_URL_NO_LIB BOOST_CONTAINER_NO_LIB)
target_link_libraries(agent_beast PUBLIC agent_asio OpenSSL::SSL OpenSSL::Crypto)

# Half of the time that a file takes to compile is spent on these headers; they are read once for all modules that wait.
add_library(agent_precompiled OBJECT agent/cmake/precompiled.cpp)
target_link_libraries(agent_precompiled PRIVATE agent_flags agent_asio)
target_precompile_headers(agent_precompiled PRIVATE
  <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <optional> <set> <span> <sstream> <string>
  <string_view> <utility> <variant> <vector> <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp>
  <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>
  <boost/outcome/basic_result.hpp>)
if(AGENT_SANITIZE)
  # Whoever shares inline code with sanitized code must be sanitized too.
  target_compile_options(agent_asio PRIVATE -fsanitize=${AGENT_SANITIZE} -fno-omit-frame-pointer)
  target_compile_options(agent_beast PRIVATE -fsanitize=${AGENT_SANITIZE} -fno-omit-frame-pointer)
endif()
