#pragma once
// Files and settings that both ends of a TLS test start from.
#include <filesystem>
#include <string>

#include "config/agent_settings.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_pki.hpp"

namespace agent::testing {

class TlsGround {
public:
    TlsGround() {
        static_cast<void>(ca.write_ca(path("ca.pem")));
        ca.issue_server().write(folder.path(), "server");
        ca.issue_host("clinic-001", "srv-01").write(folder.path(), "host");
    }
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder.path() / name; }
    [[nodiscard]] TlsFiles server_files() const { return {path("ca.pem"), path("server.pem"), path("server.key")}; }
    [[nodiscard]] ServerSettings settings(std::uint16_t port) const {
        ServerSettings settings;
        settings.host = "127.0.0.1";
        settings.port = port;
        settings.url = "https://127.0.0.1:" + std::to_string(port);
        settings.ca_file = path("ca.pem");
        settings.cert_file = path("host.pem");
        settings.key_file = path("host.key");
        settings.proxy = "";  // whatever the environment says
        settings.timeout = std::chrono::seconds{10};
        return settings;
    }

    TemporaryDirectory folder;
    TestPki ca;
};

}  // namespace agent::testing
