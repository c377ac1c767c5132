#include "drift/declared_values.hpp"

#include "drift/baseline.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

Value declared(const std::string& text) {
    const auto outcome = read_baseline(parse_yaml("version: 1\n" + text, "baseline.yaml").value());
    for (const auto& fault : outcome.faults) ADD_FAILURE() << fault.to_string();
    return outcome.baseline ? outcome.baseline->declared : Value{};
}

TEST(DeclaredValues, AreFoundBySectionAndKeyAsTheyAreWritten) {
    const auto values = declared(
        "checks:\n  patching: {enabled: TRUE, lists_max_age: 4d, pending: {medium: 1d}}\n"
        "custom:\n  - {name: motd, kind: file, path: /etc/motd, mode: \"0644\"}\n"
        "  - {name: forward, kind: sysctl, key: net.ipv4.ip_forward, value: \"0\"}\n");
    const struct {
        const char* address;
        const char* value;
    } table[] = {
        {"version", "1"},
        {"checks.patching.enabled", "true"},
        {"checks.patching.lists_max_age", "4d"},
        {"checks.patching.pending.medium", "1d"},
        {"custom.motd.path", "/etc/motd"},
        {"custom.motd.mode", "0644"},
        {"custom.forward.key", "net.ipv4.ip_forward"},
    };
    for (const auto& row : table) {
        const auto found = find_declared(values, row.address);
        ASSERT_TRUE(found.has_value()) << row.address << ": " << found.error().message();
        EXPECT_EQ(found.value(), row.value) << row.address;
    }
}

TEST(DeclaredValues, KeepAnIntegerAsItStands) {
    const auto values = declared_values(parse_yaml("a: 0644\nb: 0x1F\nc: +5\n", "x").value().root);
    EXPECT_EQ(find_declared(values, "a").value(), "0644");
    EXPECT_EQ(find_declared(values, "b").value(), "0x1F");
    EXPECT_EQ(find_declared(values, "c").value(), "+5");
}

TEST(DeclaredValues, AreNotWhatIsNotThere) {
    const auto values = declared("checks: {patching: {lists_max_age: 4d}}\n");
    EXPECT_EQ(find_declared(values, "checks.patching.lists_max_agee").error().message(),
              "the baseline has no checks.patching.lists_max_agee; did you mean \"lists_max_age\"?");
    EXPECT_EQ(find_declared(values, "custom.motd.path").error().code(), Errc::not_found);
    EXPECT_EQ(find_declared(values, "checks.patching.lists_max_age.days").error().code(), Errc::not_found);
    EXPECT_EQ(find_declared(Value{}, "checks").error().code(), Errc::not_found);
}

TEST(DeclaredValues, AreSingleAndShortAndNoFractions) {
    const auto values =
        declared_values(parse_yaml("map: {a: 1}\nlist: [a]\nnothing: null\nreal: 1.5\nlong: " + std::string(257, 'x') +
                                       "\nfits: " + std::string(256, 'x') + '\n',
                                   "x")
                            .value()
                            .root);
    for (const auto* address : {"map", "list", "nothing", "real", "long"})
        EXPECT_THAT(find_declared(values, address).error().message(),
                    HasSubstr(std::string{address} + " of the baseline is no single string, integer or boolean"));
    EXPECT_TRUE(find_declared(values, "fits").has_value());
}

// The daemon keeps them as long as it runs.
TEST(DeclaredValues, KeepNoLongTextAndNoList) {
    const auto values = declared_values(
        parse_yaml("long: " + std::string(100'000, 'x') + "\nlist: [" + std::string(100'000, 'y') + "]\n", "x")
            .value()
            .root);
    EXPECT_EQ(values, Value::object({{"long", nullptr}, {"list", nullptr}}));
}

}  // namespace
}  // namespace agent
