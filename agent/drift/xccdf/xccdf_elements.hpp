#pragma once
// The elements of an XCCDF document that matter here, one after the other as a parser comes across them.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "drift/xccdf/xccdf_results.hpp"

namespace agent {

using XmlAttributes = std::map<std::string_view, std::string_view>;

class XccdfElements {
public:
    // `name` without its namespace; empty for an element that is not XCCDF's.
    void start(std::string_view name, const XmlAttributes& attributes);
    void text(std::string_view text);
    void end();
    void refuse(std::string why);

    [[nodiscard]] const std::optional<Error>& fault() const noexcept { return fault_; }
    [[nodiscard]] Result<XccdfResults> finish();

private:
    enum class Kind : std::uint8_t { other, benchmark, rule, run, rule_result };
    [[nodiscard]] std::string attribute(const XmlAttributes& attributes, std::string_view name);
    [[nodiscard]] Kind kind_of(std::string_view name, Kind parent) const;
    void begin(Kind kind, const XmlAttributes& attributes);
    void look_into(Kind parent, std::string_view name, const XmlAttributes& attributes);
    void collect(std::string& target);
    void end_rule();
    void end_rule_result();

    std::optional<Error> fault_;
    std::vector<Kind> open_;
    // Where the text of the element at this depth goes, and of what is within it.
    std::string* collected_{};
    std::size_t collected_depth_{};
    std::string rule_id_;
    std::string title_;
    std::string outcome_;
    RuleResult rule_result_;
    std::size_t runs_{};
    XccdfResults results_;
    std::map<std::string, std::string, std::less<>> titles_;
    std::map<std::string, std::size_t, std::less<>> places_;  // of a rule among results_.rules
};

}  // namespace agent
