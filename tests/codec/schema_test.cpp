#include "codec/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A map of a file "/etc/agent/agent.yaml" and the faults found in it.
class Schema : public ::testing::Test {
protected:
    MapReader& read(const std::string& text) {
        root_ = parse_yaml(text, path_).value().root;
        faults_.clear();
        reader_.emplace(path_, root_, "", faults_);
        return *reader_;
    }
    [[nodiscard]] std::vector<std::string> faults() const {
        std::vector<std::string> texts;
        for (const auto& fault : faults_) texts.push_back(fault.to_string());
        return texts;
    }

    std::filesystem::path path_ = "/etc/agent/agent.yaml";
    YamlNode root_;
    Faults faults_;
    std::optional<MapReader> reader_;
};

TEST_F(Schema, GivesWhatIsThereAndNothingElse) {
    auto& map = read("a: word\nb: 7\nc: true\nd: 90s\ne: [x, 'y z']\nf: keys/a.pub\ng: [/abs, ../up]\nh: null\n");
    EXPECT_EQ(map.text("a"), "word");
    EXPECT_EQ(map.integer("b", 0, 7), 7);
    EXPECT_EQ(map.boolean("c"), true);
    EXPECT_EQ(map.duration("d", 0s, 90s), Duration{90s});
    EXPECT_THAT(map.texts("e").value(), ElementsAre("x", "y z"));
    EXPECT_EQ(map.path("f"), "/etc/agent/keys/a.pub");
    EXPECT_THAT(map.paths("g").value(), ElementsAre("/abs", "/etc/up"));
    EXPECT_EQ(map.text("h"), std::nullopt);
    EXPECT_EQ(map.integer("absent", 0, 1), std::nullopt);
    map.finish();
    EXPECT_THAT(faults(), IsEmpty());
}

TEST_F(Schema, NamesFileLineAndKeyOfEveryFaultAtOnce) {
    auto& map = read("a: [1]\nb: seven\nc: yes\nd: 90\ne: one\nf: ''\n");
    EXPECT_EQ(map.text("a"), std::nullopt);
    EXPECT_EQ(map.integer("b", 0, 9), std::nullopt);
    EXPECT_EQ(map.boolean("c"), std::nullopt);
    EXPECT_EQ(map.duration("d", 0s, 9s), std::nullopt);
    EXPECT_EQ(map.texts("e"), std::nullopt);
    EXPECT_EQ(map.path("f"), std::nullopt);
    EXPECT_THAT(faults(),
                ElementsAre("/etc/agent/agent.yaml:1: a: must be a single value, not a list",
                            "/etc/agent/agent.yaml:2: b: not an integer: \"seven\"",
                            "/etc/agent/agent.yaml:3: c: write true or false, not \"yes\"",
                            "/etc/agent/agent.yaml:4: d: not a duration: write an integer and one of ms s m h d, for "
                            "example 60s",
                            "/etc/agent/agent.yaml:5: e: must be a list, for example [a, b]",
                            "/etc/agent/agent.yaml:6: f: must not be empty"));
}

TEST_F(Schema, HoldsNumbersAndDurationsToTheirRange) {
    auto& map = read("a: 11\nb: 400s\nc: 10\nd: 1s\ne: \"5\"\nf: 5.0\n");
    EXPECT_FALSE(map.integer("a", 1, 10));
    EXPECT_FALSE(map.duration("b", 1s, 5min));
    EXPECT_TRUE(map.integer("c", 1, 10));
    EXPECT_TRUE(map.duration("d", 1s, 5min));
    EXPECT_FALSE(map.integer("e", 1, 10));
    EXPECT_FALSE(map.integer("f", 1, 10));
    EXPECT_EQ(faults().at(0), "/etc/agent/agent.yaml:1: a: out of range: 11 is not between 1 and 10");
    EXPECT_EQ(faults().at(1), "/etc/agent/agent.yaml:2: b: out of range: 400s is not between 1s and 5m");
}

TEST_F(Schema, SaysWhichWordWasMeant) {
    auto& map = read("mode: enforced\n");
    EXPECT_FALSE(map.one_of("mode", {"off", "dry_run", "enforce"}));
    EXPECT_THAT(faults(),
                ElementsAre("/etc/agent/agent.yaml:1: mode: \"enforced\" is not one of off, dry_run, enforce; "
                            "did you mean \"enforce\"?"));
}

TEST_F(Schema, TakesFalseForOffWhereOffIsAWord) {
    EXPECT_EQ(read("mode: off\n").one_of("mode", {"off", "on"}), "off");
    EXPECT_EQ(read("mode: false\n").one_of("mode", {"off", "on"}), "off");
    for (const auto* off : {"Off", "OFF", "no", "No", "NO", "n", "N", "False", "FALSE", "'Off'", "\"OFF\""})
        EXPECT_EQ(read(std::string{"mode: "} + off + '\n').one_of("mode", {"off", "on"}), "off") << off;
    for (const auto* other : {"'false'", "'no'", "oFF", "0", "true", "yes"})
        EXPECT_EQ(read(std::string{"mode: "} + other + '\n').one_of("mode", {"off", "on"}), std::nullopt) << other;
    EXPECT_EQ(read("mode: false\n").one_of("mode", {"direct"}), std::nullopt);
}

TEST_F(Schema, SaysWhichKeyWasMeant) {
    auto& map = read("server:\n  poll_intervall: 60s\n  zebra: 1\n");
    MapReader server{map.file(), *map.node("server"), map.key_of("server"), map.faults()};
    EXPECT_FALSE(server.duration("poll_interval", 0s, 1h));
    EXPECT_FALSE(server.text("url"));
    server.finish();
    map.finish();
    EXPECT_THAT(faults(), ElementsAre("/etc/agent/agent.yaml:2: server.poll_intervall: unknown key; did you mean "
                                      "\"poll_interval\"?",
                                      "/etc/agent/agent.yaml:3: server.zebra: unknown key"));
}

TEST_F(Schema, ReportsWhatMustBeThereOnceAtTheLineOfItsMap) {
    auto& map = read("\nsite: x\nempty:\nbad: [1]\n");
    map.require("site");
    map.require("url", "for example https://orders.example.com:8443");
    map.require("empty");
    EXPECT_FALSE(map.text("bad"));
    map.require("bad");
    map.finish();
    EXPECT_THAT(faults(),
                ElementsAre("/etc/agent/agent.yaml:2: url: missing; for example https://orders.example.com:8443",
                            "/etc/agent/agent.yaml:3: empty: missing",
                            "/etc/agent/agent.yaml:4: bad: must be a single value, not a list"));
}

TEST_F(Schema, TakesASectionWithoutContentForAnEmptyMap) {
    auto& map = read("orders:\nchecks: 5\n");
    const MapReader orders{map.file(), *map.node("orders"), "orders", map.faults()};
    EXPECT_THAT(faults(), IsEmpty());
    const MapReader checks{map.file(), *map.node("checks"), "checks", map.faults()};
    EXPECT_THAT(faults(), ElementsAre("/etc/agent/agent.yaml:2: checks: must be a map (lines of \"key: value\")"));
}

TEST_F(Schema, NamesTheItemOfAListThatIsWrong) {
    auto& map = read("keys:\n  - a\n  - {b: 1}\n");
    EXPECT_FALSE(map.texts("keys"));
    EXPECT_THAT(faults(), ElementsAre("/etc/agent/agent.yaml:3: keys: an item must be a single value, not empty"));
}

}  // namespace
}  // namespace agent
