#include "cli/learn.hpp"

#include "cli/session.hpp"
#include "crypto/digest.hpp"
#include "drift/propose_baseline.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"

namespace agent::cli {
namespace {

// The file that `loaded` was loaded from, or what stands for it where there is none.
Result<YamlFile> written_baseline(const LoadedAgent& loaded) {
    const auto& file = loaded.settings.checks.baseline;
    const auto is_it = [&](const YamlResult& yaml) {
        return yaml.has_value() && sha256_hex(yaml.value().bytes) == loaded.baseline.sha256;
    };
    for (auto& yaml : {load_yaml(file), parse_yaml(std::string{built_in_text}, file)})
        if (is_it(yaml)) return yaml.value();
    return Error{Errc::system, file.native() + " changed while it was being read; try again"};
}

}  // namespace

int learn(const LoadedAgent& loaded, const std::vector<std::string>& names) {
    const auto written = written_baseline(loaded);
    if (written.has_error()) return failed_with(written.error(), undetermined);
    asio::io_context loop{1};
    SystemTimeSource time;
    PosixProcessRunner processes{time};
    SystemdUnits units{time};
    RoundFacts facts;
    const CheckTools tools{processes, units, time, facts, std::nullopt};
    const std::vector<CheckName> only{names.begin(), names.end()};
    const auto proposal = run_to_end(
        loop, propose_baseline(written.value(), loaded.baseline, only, loaded.settings.checks.timeout, tools));
    if (proposal.has_error())
        return failed_with(proposal.error(), proposal.error().code() == Errc::not_found ? usage : undetermined);
    auto text = proposal.value().text;
    text.pop_back();  // print_line ends the last line
    print_line(text);
    for (const auto& reason : proposal.value().unknown) complain("not learnt: " + reason);
    return proposal.value().unknown.empty() ? fine : undetermined;
}

}  // namespace agent::cli
