#include "cli/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <numeric>

#include "codec/json.hpp"
#include "host/files.hpp"

namespace agent::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least_width = 8;
constexpr std::size_t short_id = 8;  // of a UUID: its first group
constexpr std::string_view bundle_heading = "BUNDLE";

bool coloured_terminal() {
    static const bool answer =
        isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe)
    return answer;
}

// Of a terminal, at least 80; a pipe or a file takes whole lines.
std::size_t line_width() {
    if (isatty(STDOUT_FILENO) != 1) return std::numeric_limits<std::size_t>::max() / 2;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 80) return size.ws_col;
    return 80;
}

// Columns on a terminal, near enough: UTF-8 continuation bytes take none.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string cut(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string{text};
    std::string out;
    std::size_t used = 0;
    for (const char c : text) {
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && ++used >= width) break;
        out += c;
    }
    return out + "…";
}

Result<std::string> read_stream(std::istream& in, const std::filesystem::path& file, std::size_t most) {
    std::string text;
    for (std::istreambuf_iterator<char> next{in}, end; next != end; ++next) {
        if (text.size() == most)
            return Error{Errc::malformed, name_of_input(file) + " holds more than " + std::to_string(most) + " bytes"};
        text += *next;
    }
    return text;
}

}  // namespace

Colour colour_of(CheckResult result) noexcept {
    switch (result) {
        case CheckResult::pass: return Colour::green;
        case CheckResult::drift: return Colour::red;
        case CheckResult::error:
        case CheckResult::timeout: return Colour::yellow;
        case CheckResult::not_applicable:
        case CheckResult::waived: return Colour::dim;
    }
    return Colour::none;
}

Colour colour_of(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::success: return Colour::green;
        case Outcome::failed:
        case Outcome::rejected:
        case Outcome::expired: return Colour::red;
        case Outcome::reverted:
        case Outcome::deferred:
        case Outcome::alert: return Colour::yellow;
    }
    return Colour::none;
}

std::string coloured(std::string_view text, Colour colour) {
    if (!coloured_terminal() || colour == Colour::none) return std::string{text};
    std::string_view code;
    switch (colour) {
        case Colour::green: code = "32"; break;
        case Colour::yellow: code = "33"; break;
        case Colour::red: code = "31"; break;
        case Colour::dim: code = "2"; break;
        case Colour::none: break;
    }
    return "\x1b[" + std::string{code} + "m" + std::string{text} + "\x1b[0m";
}

void Table::add(std::vector<std::string> row, Colour colour_of_second) {
    rows_.push_back({std::move(row), colour_of_second, {}});
}

void Table::note(std::string text) { rows_.back().notes.push_back(std::move(text)); }

std::vector<std::size_t> Table::widths_within(std::size_t line) const {
    std::vector<std::size_t> widths;
    for (const auto& name : heading_) widths.push_back(width_of(name));
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], width_of(row.cells[i]));
    const auto over = [&] {
        const auto used = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
        return used > line ? used - line : 0;
    };
    const auto give_up = [&](std::size_t& width, std::size_t least) {
        width -= std::min(over(), width - std::min(width, least));
    };
    if (heading_.back() == bundle_heading) {
        if (over() > 0) widths.back() = std::min(widths.back(), short_id);
    } else {
        give_up(widths.back(), least_width);
    }
    while (over() > 0) {
        const auto widest = std::max_element(widths.begin(), widths.end() - 1);
        if (*widest <= least_width) break;
        --*widest;
    }
    return widths;
}

void Table::print() const {
    const auto line_most = line_width();
    const auto widths = widths_within(line_most);
    const auto print_row = [&](const std::vector<std::string>& cells, Colour colour, bool heading) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool last = i + 1 == cells.size();
            const bool is_id = last && heading_.back() == bundle_heading;
            const auto text = is_id ? cells[i].substr(0, widths[i]) : cut(cells[i], widths[i]);
            line += heading ? coloured(text, Colour::dim) : i == 1 ? coloured(text, colour) : text;
            if (!last) line.append(widths[i] + gap - width_of(text), ' ');
        }
        print_line(line);
    };
    print_row(heading_, Colour::none, true);
    for (const auto& row : rows_) {
        print_row(row.cells, row.colour, false);
        for (const auto& note : row.notes) print_line("    " + cut(note, line_most - 4));
    }
}

void print_line(std::string_view line) { std::cout << line << '\n'; }

void print_json(const Value& value) { std::cout << write_json_pretty(value) << '\n'; }

void complain(std::string_view message) { std::cerr << "compliance-agent: " << message << '\n'; }

int failed_with(const Error& error, ExitStatus status) {
    complain(error.message());
    return status;
}

int failed_with(const Faults& faults, const std::filesystem::path& configuration, std::string_view consequence) {
    for (const auto& fault : faults) std::cerr << fault.to_string() << '\n';
    complain(std::to_string(faults.size()) + (faults.size() == 1 ? " fault" : " faults") + " in the configuration " +
             configuration.string() + std::string{consequence});
    return bad_configuration;
}

std::string name_of_input(const std::filesystem::path& file) { return file == "-" ? "standard input" : file.string(); }

Result<std::string> read_input(const std::filesystem::path& file, std::size_t most) {
    if (file == "-") return read_stream(std::cin, file, most);
    std::error_code failure;
    const auto kind = std::filesystem::status(file, failure).type();
    // What shells put in place of a file: <(…), /dev/stdin.
    if (kind != std::filesystem::file_type::fifo && kind != std::filesystem::file_type::character)
        return read_file(file, most);
    std::ifstream in{file, std::ios::binary};
    if (!in) return Error{Errc::system, file.string() + ": cannot be opened for reading"};
    return read_stream(in, file, most);
}

}  // namespace agent::cli
