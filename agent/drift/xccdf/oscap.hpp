#pragma once
// One run of the SCAP scanner, from its files to its results.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "drift/xccdf/xccdf_results.hpp"
#include "host/process_runner.hpp"

namespace agent {

struct OscapHost {
    std::filesystem::path program{"/usr/bin/oscap"};
    std::filesystem::path temporary{"/tmp"};  // openscap 1.3 makes its own folders there, whatever TMPDIR says
};

struct OscapTask {
    std::filesystem::path datastream;
    std::string profile;
    std::optional<std::filesystem::path> tailoring_file;
    std::vector<std::string> rules;  // only these; none: all of the profile
    std::vector<std::string> skip_rules;
    Duration deadline{};
};

struct OscapRun {
    XccdfResults results;
    bool says_failed{};  // by its exit status: a rule failed or is unknown
    Duration took{};
    std::string remarks;  // the beginning of what it wrote on standard error
};

// Fetches nothing: what content names elsewhere stays unread, and rules that need it are `notchecked`. Errors:
// `refused` where it would see only part of the host, or where others than root could change what is run; `not_found`,
// `malformed`, `timed_out`, `cancelled`, `system`. Nothing of it stays in the temporary folder, on whatever way it
// ended.
[[nodiscard]] Task<OscapRun> run_oscap(const OscapHost& host, const OscapTask& task, ProcessRunner& processes);

}  // namespace agent
