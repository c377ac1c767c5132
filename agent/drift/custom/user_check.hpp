#pragma once
// Accounts and groups as /etc/passwd, /etc/group and /etc/shadow have them.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct UserBaseline {
    CheckSettings common;
    std::optional<std::vector<std::string>> superusers;  // every account that has uid 0
    std::optional<std::string> account;
    bool exists{true};
    std::optional<std::string> shell;
    std::optional<bool> locked;
    std::optional<std::string> group;
    std::vector<std::string> members;  // of `group`, primary ones included
};

struct AccountFiles {
    std::filesystem::path passwd{"/etc/passwd"};
    std::filesystem::path group{"/etc/group"};
    std::filesystem::path shadow{"/etc/shadow"};
};

class UserCheck final : public Check {
public:
    explicit UserCheck(UserBaseline baseline, AccountFiles files = {})
        : baseline_{std::move(baseline)}, files_{std::move(files)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

private:
    UserBaseline baseline_;
    AccountFiles files_;
};

[[nodiscard]] std::shared_ptr<const Check> read_user_check(MapReader& keys, CheckName name);

}  // namespace agent
