#pragma once
// What people and scripts read: data on standard output, diagnostics on standard error.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/schema.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"

namespace agent::cli {

// INTERFACE.md, "Executables".
enum ExitStatus : int { fine = 0, not_fine = 1, undetermined = 2, usage = 64, bad_configuration = 78 };

enum class Colour { none, green, yellow, red, dim };
[[nodiscard]] Colour colour_of(CheckResult result) noexcept;
[[nodiscard]] Colour colour_of(Outcome outcome) noexcept;
// `text` in colour where standard output is a terminal and NO_COLOR is not set.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour);

// Rows under a heading, columns as wide as their content. On a terminal a line fits its width (80 columns at least):
// the last column is cut, of a bundle id the beginning is left, which commands take for the whole; then the widest
// others. A pipe or a file gets everything.
class Table {
public:
    explicit Table(std::vector<std::string> heading) : heading_{std::move(heading)} {}
    void add(std::vector<std::string> row, Colour colour_of_second = Colour::none);
    // A line of its own below the row before, indented.
    void note(std::string text);
    void print() const;

private:
    [[nodiscard]] std::vector<std::size_t> widths_within(std::size_t line) const;
    struct Row {
        std::vector<std::string> cells;
        Colour colour{Colour::none};
        std::vector<std::string> notes;
    };
    std::vector<std::string> heading_;
    std::vector<Row> rows_;
};

void print_line(std::string_view line);
void print_json(const Value& value);
// "compliance-agent: <message>" on standard error.
void complain(std::string_view message);
// The error on standard error, and `status` back.
[[nodiscard]] int failed_with(const Error& error, ExitStatus status);
// Every fault of `configuration` on standard error, and bad_configuration back. `consequence` ends the last line.
[[nodiscard]] int failed_with(const Faults& faults, const std::filesystem::path& configuration,
                              std::string_view consequence = {});

// How messages name the input `file`.
[[nodiscard]] std::string name_of_input(const std::filesystem::path& file);
// A file, a FIFO or a character device, or standard input for "-". `malformed` beyond `most` bytes.
[[nodiscard]] Result<std::string> read_input(const std::filesystem::path& file, std::size_t most);

}  // namespace agent::cli
