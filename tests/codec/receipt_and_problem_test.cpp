#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.hpp"
#include "codec/problem.hpp"
#include "codec/receipt_codec.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

Value receipt() {
    return Value::object({{"bundle_id", "0f8fad5b-d9cb-469f-a165-70867728950e"},
                          {"sha256", std::string(64, 'a')},
                          {"site_id", "clinic-001"},
                          {"host_id", "srv-01"},
                          {"epoch", "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
                          {"sequence", 3},
                          {"received_at", "2026-01-31T09:30:00.250Z"}});
}

TEST(ReceiptCodec, ReadsBackWhatItWrites) {
    const auto text = write_json(receipt());
    EXPECT_EQ(write_receipt(parse_receipt(text).value()), text);
}

TEST(ReceiptCodec, WantsExactlyItsMembers) {
    const auto whole = receipt();
    for (const auto& [name, value] : *whole.object()) {
        auto members = *whole.object();
        members.erase(name);
        EXPECT_EQ(parse_receipt(write_json(Value{members})).error().message(), name + ": missing");
    }
    auto more = receipt();
    more.set("note", "x");
    EXPECT_THAT(parse_receipt(write_json(more)).error().message(), HasSubstr("unknown member \"note\""));
}

TEST(ReceiptCodec, HoldsMembersToTheirRules) {
    const std::initializer_list<std::pair<const char*, Value>> bad{{"bundle_id", "x"}, {"sha256", std::string(64, 'A')},
                                                                   {"site_id", "a b"}, {"host_id", "*"},
                                                                   {"epoch", ""},      {"sequence", 0},
                                                                   {"sequence", 1.0},  {"received_at", "now"}};
    for (const auto& [name, value] : bad) {
        auto members = receipt();
        members.set(name, value);
        const auto read = parse_receipt(write_json(members));
        ASSERT_FALSE(read) << name;
        EXPECT_THAT(read.error().message(), HasSubstr(name));
    }
}

TEST(Problem, ReadsBackWhatItWrites) {
    const auto problem = parse_problem(write_problem({422, "Unprocessable", "bad_signature", "no key fits"})).value();
    EXPECT_EQ(problem.status, 422);
    EXPECT_EQ(problem.title, "Unprocessable");
    EXPECT_EQ(problem.reason, "bad_signature");
    EXPECT_EQ(problem.detail, "no key fits");
}

TEST(Problem, OfAnotherServerMayHaveMoreAndLess) {
    const auto problem = parse_problem(R"({"type":"about:blank","status":"500","reason":["x"],"title":"T"})").value();
    EXPECT_EQ(problem.status, 0);
    EXPECT_EQ(problem.title, "T");
    EXPECT_EQ(problem.reason, "");
    EXPECT_FALSE(parse_problem("\"oops\""));
    EXPECT_FALSE(parse_problem("<html>"));
}

}  // namespace
}  // namespace agent
