#include "drift/av_edr/clamd.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <utility>

#include "async/deadline.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

using Protocol = asio::local::stream_protocol;

constexpr std::size_t answer_most = 4096;
constexpr std::string_view product{"ClamAV "};

// The EICAR test file (eicar.org): no virus, but what every scanner is agreed to report. In pieces, so that no scanner
// takes this source or the program for it; it is sent over the socket and never written to a file.
std::string test_file() {
    std::string text{R"(X5O!P%@AP[4\PZX54(P^)7CC)7}$)"};
    text += "EICAR-STANDARD";
    text += "-ANTIVIRUS-TEST";
    return text + "-FILE!$H+H*";
}

std::string big_endian(std::uint32_t number) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((number >> shift) & 0xffU);
    return bytes;
}

// clamd(8): commands begin with z and end with a zero byte, as do their answers.
std::string command(std::string_view name) { return 'z' + std::string{name} + '\0'; }

// Chunks, each with its length in four bytes before it; one of no length ends the stream.
std::string stream_command() {
    const auto content = test_file();
    return command("INSTREAM") + big_endian(static_cast<std::uint32_t>(content.size())) + content + big_endian(0);
}

Error socket_error(const boost::system::error_code& failed, const std::filesystem::path& socket) {
    if (failed == asio::error::operation_aborted) return Error{Errc::cancelled, "stopped while asking clamd"};
    const int number = failed.value();
    if (number == ENOENT || number == ENOTDIR || number == ECONNREFUSED)
        return Error{Errc::unreachable, "nobody listens on " + socket.native()};
    if (number == EAGAIN)
        return Error{Errc::timed_out, "clamd takes no connections: the queue of " + socket.native() + " is full"};
    return file_error(number, "write", socket);
}

Task<std::string> receive(Protocol::socket& connection, const std::filesystem::path& socket) {
    std::string answer(answer_most, '\0');
    for (std::size_t held = 0; held < answer.size();) {
        const auto room = asio::buffer(answer.data() + held, answer.size() - held);
        const auto [failed, count] = co_await connection.async_read_some(room, asio::as_tuple(asio::use_awaitable));
        const std::string_view arrived{answer.data() + held, count};
        if (const auto end = arrived.find('\0'); end != std::string_view::npos) co_return answer.substr(0, held + end);
        held += count;
        if (failed == asio::error::eof || failed == asio::error::connection_reset)
            co_return Error{Errc::malformed, "whoever listens on " + socket.native() + " hung up amid its answer"};
        if (failed) co_return socket_error(failed, socket);
    }
    co_return Error{Errc::malformed, "whoever listens on " + socket.native() + " answers with more than " +
                                         std::to_string(answer_most) + " bytes: not clamd"};
}

Task<std::string> talk(const std::filesystem::path& socket, std::string request) {
    const auto executor = co_await asio::this_coro::executor;
    Protocol::socket connection{executor};
    const Protocol::endpoint there{socket.native()};
    const auto [refused] = co_await connection.async_connect(there, asio::as_tuple(asio::use_awaitable));
    if (refused) co_return socket_error(refused, socket);
    const auto bytes = asio::buffer(request);
    const auto [unsent, sent] = co_await asio::async_write(connection, bytes, asio::as_tuple(asio::use_awaitable));
    // Who hangs up early may still have said why.
    if (unsent && unsent != asio::error::broken_pipe) co_return socket_error(unsent, socket);
    auto answer = co_await receive(connection, socket);
    co_return answer;
}

class Conversation {
public:
    Conversation(TimeSource& time, std::filesystem::path socket, Duration limit)
        : time_{time}, socket_{std::move(socket)}, limit_{limit}, until_{time.mono_now() + limit} {}

    [[nodiscard]] Task<std::string> ask(std::string request) {
        const Duration left = std::max(until_ - time_.mono_now(), Duration{0});
        auto answer = co_await with_deadline(time_, left, talk(socket_, std::move(request)));
        if (answer.has_error() && answer.error().code() == Errc::timed_out)
            co_return Error{Errc::timed_out,
                            "clamd on " + socket_.native() + ": no answer within " + describe_duration(limit_)};
        co_return answer;
    }

private:
    TimeSource& time_;
    std::filesystem::path socket_;
    Duration limit_;
    MonoTime until_;
};

Error not_clamd(std::string_view answer) {
    return Error{Errc::malformed, "what answers is not clamd: " + agent::quoted(answer, 80)};
}

Result<WallTime> parse_local_time(const std::string& text) {
    std::istringstream stream{text};
    stream.imbue(std::locale::classic());
    std::tm parts{};
    stream >> std::get_time(&parts, "%a %b %d %H:%M:%S %Y");
    const std::chrono::year_month_day day{std::chrono::year{parts.tm_year + 1900},
                                          std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                          std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    if (stream.fail() || !day.ok()) return Error{Errc::malformed, "not a date: " + agent::quoted(text, 80)};
    parts.tm_isdst = -1;
    return WallTime{std::chrono::seconds{std::mktime(&parts)}};
}

}  // namespace

Result<ClamdVersion> parse_clamd_version(std::string_view answer) {
    if (!answer.starts_with(product)) return not_clamd(answer);
    const auto text = answer.substr(product.size());
    ClamdVersion version;
    const auto first = text.find('/');
    version.engine = text.substr(0, first);
    if (version.engine.empty()) return not_clamd(answer);
    if (first == std::string_view::npos) return version;
    const auto second = text.find('/', first + 1);
    if (second == std::string_view::npos) return not_clamd(answer);
    const auto digits = text.substr(first + 1, second - first - 1);
    std::int64_t number{};
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failed != std::errc{} || end != digits.data() + digits.size()) return not_clamd(answer);
    version.database = number;
    AGENT_TRY(version.date, parse_local_time(std::string{text.substr(second + 1)}));
    return version;
}

Result<std::optional<std::string>> parse_clamd_verdict(std::string_view answer) {
    constexpr std::string_view head{"stream: "};
    constexpr std::string_view found{" FOUND"};
    if (answer == "stream: OK") return std::optional<std::string>{};
    if (answer.starts_with(head) && answer.ends_with(found) && answer.size() > head.size() + found.size())
        return std::optional{std::string{answer.substr(head.size(), answer.size() - head.size() - found.size())}};
    return Error{Errc::malformed, "clamd could not scan what it was sent: " + agent::quoted(answer, 120)};
}

Task<ClamdAnswers> ask_clamd(TimeSource& time, std::filesystem::path socket, Duration limit) {
    Conversation clamd{time, std::move(socket), limit};
    auto pong = co_await clamd.ask(command("PING"));
    if (pong.has_value() && pong.value() != "PONG") pong = not_clamd(pong.value());
    if (pong.has_error()) {
        if (pong.error().code() == Errc::cancelled) co_return std::move(pong).error();
        co_return ClamdAnswers{pong.error(), pong.error(), pong.error()};
    }
    const auto version = co_await clamd.ask(command("VERSION"));
    if (version.has_error() && version.error().code() == Errc::cancelled) co_return version.error();
    const auto verdict = co_await clamd.ask(stream_command());
    if (verdict.has_error() && verdict.error().code() == Errc::cancelled) co_return verdict.error();
    ClamdAnswers answers{ok(), Error{Errc::cancelled, ""}, Error{Errc::cancelled, ""}};
    if (version.has_error()) answers.version = version.error();
    if (version.has_value()) answers.version = parse_clamd_version(version.value());
    if (verdict.has_error()) answers.test_file = verdict.error();
    if (verdict.has_value()) answers.test_file = parse_clamd_verdict(verdict.value());
    co_return answers;
}

}  // namespace agent
