#pragma once
// Configurations as text, and the faults found in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/agent_settings.hpp"
#include "config/server_settings.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

// What every agent.yaml needs, in its first line; more goes behind it.
inline const std::string least_server =
    "server: {url: \"https://orders.example.com\", ca_file: ca.pem, cert_file: client.pem, key_file: client.key, "
    "receipt_keys: [receipt.pub]";
inline const std::string least_agent = "site_id: clinic-001\n" + least_server + "}\n";

inline std::vector<std::string> texts_of(const Faults& faults) {
    std::vector<std::string> texts;
    for (const auto& fault : faults) texts.push_back(fault.to_string());
    return texts;
}

class ConfigFixture : public ::testing::Test {
protected:
    [[nodiscard]] AgentSettingsOutcome load(const std::string& text, FileChecks checks = FileChecks::none,
                                            const std::string& host = "srv-01") const {
        return load_agent_settings(folder.write("agent.yaml", text), checks, host);
    }
    [[nodiscard]] OrderServerSettingsOutcome load_server(const std::string& text,
                                                         FileChecks checks = FileChecks::none) const {
        return load_order_server_settings(folder.write("server.yaml", text), checks);
    }
    // The settings of a configuration that must be sound.
    [[nodiscard]] AgentSettings settings(const std::string& text) const {
        auto outcome = load(text);
        EXPECT_THAT(texts_of(outcome.faults), ::testing::IsEmpty());
        return outcome.settings ? *std::move(outcome.settings) : AgentSettings{};
    }
    [[nodiscard]] OrderServerSettings server_settings(const std::string& text) const {
        auto outcome = load_server(text);
        EXPECT_THAT(texts_of(outcome.faults), ::testing::IsEmpty());
        return outcome.settings ? *std::move(outcome.settings) : OrderServerSettings{};
    }
    // The faults of a configuration, each as "LINE: KEY: TEXT".
    [[nodiscard]] std::vector<std::string> faults(const std::string& text) const {
        return short_texts(load(text).faults);
    }
    [[nodiscard]] std::vector<std::string> server_faults(const std::string& text) const {
        return short_texts(load_server(text).faults);
    }
    [[nodiscard]] std::vector<std::string> short_texts(const Faults& list) const {
        std::vector<std::string> texts;
        for (const auto& fault : list) {
            EXPECT_EQ(std::filesystem::path{fault.file}.parent_path(), folder.path());
            texts.push_back(std::to_string(fault.line) + ": " + fault.key + ": " + fault.text);
        }
        return texts;
    }

    TemporaryDirectory folder;
};

}  // namespace agent::testing
