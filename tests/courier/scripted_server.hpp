#pragma once
// A TLS server on loopback that answers as a test tells it, and a proxy in front of it. Each runs in a thread of its
// own, so that nothing of the client's waits for it.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/tls_context.hpp"

namespace agent::testing {

struct SeenRequest {
    std::string head;  // request line and headers
    std::string body;
    [[nodiscard]] std::string line() const { return head.substr(0, head.find("\r\n")); }
    // Empty where the header is missing.
    [[nodiscard]] std::string header(const std::string& name) const;
};

struct Reply {
    enum class Then { keep, close, cut, silence };
    std::string bytes;
    Then then{Then::keep};
};

// A whole answer with Content-Length; `headers` are lines that end in CRLF.
[[nodiscard]] Reply reply(int status, const std::string& body, const std::string& headers = {});

enum class Talks {
    tls,         // TLS 1.3 or 1.2
    tls12_only,  // nothing newer
    plain_text,  // no TLS at all
    silence,     // takes connections and never says a word
};

class ScriptedServer {
public:
    using Script = std::function<Reply(const SeenRequest&)>;
    // `port` 0: chosen by the kernel. The script runs in the server's thread, one call at a time.
    ScriptedServer(TlsFiles files, Script script, Talks talks = Talks::tls, std::uint16_t port = 0);
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ScriptedServer(ScriptedServer&&) = delete;
    ScriptedServer& operator=(ScriptedServer&&) = delete;
    ~ScriptedServer();

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] int accepted() const noexcept;
    [[nodiscard]] int resumed() const noexcept;         // handshakes that took up an earlier session
    [[nodiscard]] int closed_cleanly() const noexcept;  // connections that ended with the client's close_notify
    [[nodiscard]] std::vector<SeenRequest> requests() const;
    [[nodiscard]] std::vector<std::string> client_subjects() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

class ScriptedProxy {
public:
    // Answers every CONNECT with `answer`; where that is a 200 it carries the bytes to `target_port` on loopback.
    ScriptedProxy(std::string answer, std::uint16_t target_port);
    ScriptedProxy(const ScriptedProxy&) = delete;
    ScriptedProxy& operator=(const ScriptedProxy&) = delete;
    ScriptedProxy(ScriptedProxy&&) = delete;
    ScriptedProxy& operator=(ScriptedProxy&&) = delete;
    ~ScriptedProxy();

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::vector<SeenRequest> requests() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace agent::testing
