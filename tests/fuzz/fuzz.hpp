#pragma once
// What every target shares: it defines fuzz(), and says with must() what holds for every input.
#include <string_view>

namespace agent::testing {

void fuzz(std::string_view input);

// Ends the program, which libFuzzer reports with the input.
void must(bool holds, std::string_view what);

// Cuts off `input` what stands before the first line end, and gives it back.
[[nodiscard]] std::string_view first_line(std::string_view& input);

}  // namespace agent::testing
