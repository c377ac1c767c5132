#pragma once
// Real repositories, made by the real tools.
#include "codec/json.hpp"
#include "drift/backup/backup_check.hpp"
#include "support/check_ground.hpp"

namespace agent::testing {

class BackupGround : public ::testing::Test {
protected:
    void SetUp() override {
        baseline.common.name = CheckName{"backup_verification"};
        baseline.common.timeout = Duration{40'000};
        baseline.host = "*";
        baseline.password_file = secret("password", "correct horse\n");
        baseline.restore_test_file =
            ground.folder.write("restore.json", R"({"last_restore_test":")" + format_rfc3339(ground.time.wall_now()) +
                                                    R"(","result":"ok"})");
    }
    [[nodiscard]] std::filesystem::path at(const std::filesystem::path& name) const {
        return ground.folder.path() / name;
    }
    std::filesystem::path secret(const std::filesystem::path& name, std::string_view text) const {
        auto file = ground.folder.write(name, text);
        ::chmod(file.c_str(), 0600);
        return file;
    }
    void use(BackupKind kind, const std::filesystem::path& repository) {
        baseline.kind = kind;
        baseline.repository = repository;
    }
    [[nodiscard]] CheckReport look() {
        return ground.look(std::make_shared<BackupCheck>(baseline, BackupHost{"here"}), Duration{45'000});
    }
    // What the tool says; the test fails where the tool does.
    std::string tool(std::filesystem::path program, std::vector<std::string> arguments,
                     std::vector<std::string> environment) {
        Command command;
        command.program = std::move(program);
        command.arguments = std::move(arguments);
        command.environment = std::move(environment);
        command.environment.emplace_back("TZ=UTC");
        const auto exit = run(ground.io, ground.processes.run(std::move(command))).value();
        EXPECT_EQ(exit.status, 0) << exit.standard_error.head;
        return exit.standard_output.head;
    }
    // "2026-01-31T09:30:00" with `between` in the middle.
    [[nodiscard]] std::string ago(Duration age, char between) const {
        constexpr std::size_t to_seconds = 19;
        constexpr std::size_t date = 10;
        auto text = format_rfc3339(ground.time.wall_now() - age).substr(0, to_seconds);
        text[date] = between;
        return text;
    }
    CheckGround ground;
    BackupBaseline baseline;
};

}  // namespace agent::testing
