#pragma once
// A program of the operator's choice and what it must say: for what no other kind can look at.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct CommandBaseline {
    CheckSettings common;
    std::vector<std::string> argv;  // the first is absolute
    int status{};
    std::optional<std::string> output;    // all of it; line ends at its end do not count
    std::optional<std::string> contains;  // within it
};

class CommandCheck final : public Check {
public:
    explicit CommandCheck(CommandBaseline baseline) : baseline_{std::move(baseline)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

private:
    [[nodiscard]] Task<CommandExit> run_once(CheckTools& tools) const;

    CommandBaseline baseline_;
};

[[nodiscard]] std::shared_ptr<const Check> read_command_check(MapReader& keys, CheckName name);
// Nobody but root could have put it there or change it: the program and every folder above it are root's and closed to
// others. A sticky folder keeps others from replacing what is root's. `refused` names what is open.
[[nodiscard]] Result<> only_roots(const std::filesystem::path& program);

}  // namespace agent
