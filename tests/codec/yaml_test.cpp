#include "codec/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "codec/json.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

YamlNode yaml(std::string text) { return parse_yaml(std::move(text), "f.yaml").value().root; }
std::string json_of(std::string text) { return write_json(yaml(std::move(text)).to_value()); }
std::string fault_of(std::string text) {
    const auto file = parse_yaml(std::move(text), "f.yaml");
    return file.has_value() ? "accepted" : file.error().to_string();
}

TEST(Yaml, RemembersWhereEverythingStands) {
    const auto root =
        yaml("# comment\nsite: a\n\nserver:\n  url: \"x\"\n  keys:\n    - one\n    - {file: two}\nlog:\n");
    EXPECT_EQ(root.line, 2);
    EXPECT_EQ(root.find("site")->line, 2);
    const auto* server = root.find("server");
    EXPECT_EQ(server->kind, YamlNode::Kind::map);
    EXPECT_EQ(server->find("url")->line, 5);
    const auto* keys = server->find("keys");
    EXPECT_EQ(keys->items.at(0).line, 7);
    EXPECT_EQ(keys->items.at(1).find("file")->line, 8);
    EXPECT_EQ(root.members.at(2).line, 9);
    EXPECT_EQ(root.find("log")->kind, YamlNode::Kind::null);
    EXPECT_EQ(root.find("log")->line, 9);
    EXPECT_EQ(root.find("other"), nullptr);
    EXPECT_EQ(server->find("url")->find("x"), nullptr);
}

TEST(Yaml, TellsPlainWordsFromQuotedOnes) {
    const auto root = yaml("a: 1\nb: '1'\nc: \"true\"\nd: |\n  text\ne: !!str 5\n");
    EXPECT_TRUE(root.find("a")->plain);
    EXPECT_FALSE(root.find("b")->plain);
    EXPECT_EQ(root.find("b")->to_value(), Value{"1"});
    EXPECT_EQ(root.find("c")->to_value(), Value{"true"});
    EXPECT_EQ(root.find("d")->to_value(), Value{"text\n"});
    EXPECT_EQ(root.find("e")->to_value(), Value{"5"});
}

TEST(Yaml, ConvertsPlainWordsByTheCoreSchema) {
    EXPECT_EQ(json_of("[~, null, Null, NULL, true, True, TRUE, false, False]"),
              "[null,null,null,null,true,true,true,false,false]");
    EXPECT_EQ(json_of("[0, -1, +7, 007, 0x1F, 0o17, 9223372036854775807, 9223372036854775808]"),
              "[0,-1,7,7,31,15,9223372036854775807,9.223372036854776e+18]");
    EXPECT_EQ(json_of("[1.5, -0.25, .5, 1., 1e3, 1E-2, +1.0]"), "[1.5,-0.25,0.5,1.0,1000.0,0.01,1.0]");
    EXPECT_EQ(
        json_of("[yes, no, on, off, 0644x, 1_000, 1e, +, -., 0x, 0xg, 0o8, +-1, 1.2.3, 1:30, 2026-01-31, nan]"),
        R"(["yes","no","on","off","0644x","1_000","1e","+","-.","0x","0xg","0o8","+-1","1.2.3","1:30","2026-01-31","nan"])");
    EXPECT_TRUE(std::isnan(*yaml("a: .nan").find("a")->to_value().real()));
    EXPECT_TRUE(std::isinf(*yaml("a: -.inf").find("a")->to_value().real()));
    EXPECT_EQ(json_of("a: 1e999"), R"({"a":"1e999"})");
}

TEST(Yaml, ReadsJsonToo) {
    const std::string text = R"({"a": [1, 2.5, "x", null, true], "b": {"c": "\u00e9"}})";
    EXPECT_EQ(yaml(text).to_value(), parse_json(text).value());
}

TEST(Yaml, TakesAnEmptyFileForNothing) {
    for (const auto* text : {"", "\n", "# only a comment\n", "---\n", "~"}) {
        const auto root = yaml(text);
        EXPECT_EQ(root.kind, YamlNode::Kind::null) << text;
        EXPECT_GE(root.line, 1);
    }
}

TEST(Yaml, RefusesDuplicateKeysWithTheirLine) {
    EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"), "f.yaml:3: duplicate key \"a\"");
    EXPECT_EQ(fault_of("m:\n  - {x: 1, x: 1}\n"), "f.yaml:2: duplicate key \"x\"");
    EXPECT_EQ(fault_of("a: {x: 1}\nb: {x: 1}\n"), "accepted");
}

TEST(Yaml, RefusesAnchorsAliasesAndTypes) {
    EXPECT_THAT(fault_of("a: 1\nb: &x 1\n"), HasSubstr("f.yaml:2: anchors"));
    EXPECT_THAT(fault_of("a: &x [1]\n"), HasSubstr("anchors"));
    EXPECT_THAT(fault_of("a: &x {b: 1}\n"), HasSubstr("anchors"));
    EXPECT_THAT(fault_of("&x a: 1\n"), HasSubstr("anchors"));
    EXPECT_THAT(fault_of("a: &x\n"), HasSubstr("anchors"));
    EXPECT_THAT(fault_of("a: *x\n"), HasSubstr("f.yaml:1: "));
    EXPECT_THAT(fault_of("a: !!binary AAAA\n"), HasSubstr("explicit types"));
    EXPECT_THAT(fault_of("a: !mine {b: 1}\n"), HasSubstr("explicit types"));
}

TEST(Yaml, RefusesASecondDocument) {
    EXPECT_EQ(fault_of("a: 1\n---\nb: 2\n"), "f.yaml:2: a second document begins here; a file holds one");
    EXPECT_EQ(fault_of("---\na: 1\n...\n"), "accepted");
}

TEST(Yaml, RefusesKeysThatAreNoWords) {
    EXPECT_THAT(fault_of("? [a]\n: 1\n"), HasSubstr("a key must be a word"));
    EXPECT_THAT(fault_of("~: 1\n"), HasSubstr("a key must be a word"));
}

TEST(Yaml, NamesTheLineOfASyntaxError) {
    EXPECT_THAT(fault_of("a: 1\nb: [1, 2\nc: 3\n"), HasSubstr("f.yaml:"));
    EXPECT_THAT(fault_of("a: 1\n\tb: 2\n"), HasSubstr("f.yaml:2: not YAML: "));
    EXPECT_EQ(fault_of("a: 1\nb: 'x\nc: 2\n"), "f.yaml:2: not YAML: the quotes are never closed");
    EXPECT_THAT(fault_of("a: 'x''"), HasSubstr("f.yaml:1: not YAML: "));
    EXPECT_EQ(fault_of("a: \"é\\\"\n"), "f.yaml:1: not YAML: the quotes are never closed");
    EXPECT_EQ(fault_of("\xEF\xBB\xBF"
                       "a: é\nb: 'x''y' # it's\n"),
              "accepted");
    EXPECT_EQ(fault_of("é: [\"x\\\"\", 'y']\n"), "accepted");
    EXPECT_THAT(fault_of("a: b: c\n"), HasSubstr("f.yaml:1: not YAML: "));
}

TEST(Yaml, RefusesMoreThan64Levels) {
    EXPECT_EQ(fault_of(std::string(64, '[') + std::string(64, ']')), "accepted");
    EXPECT_THAT(fault_of(std::string(65, '[') + std::string(65, ']')), HasSubstr("nested deeper than 64 levels"));
    EXPECT_THAT(fault_of(std::string(5000, '[')), HasSubstr("f.yaml:1: "));
}

TEST(Yaml, RefusesWhatIsNoUtf8Text) {
    EXPECT_EQ(fault_of("a: 1\nb: \xff\n"), "f.yaml:2: not UTF-8 text");
    EXPECT_EQ(fault_of(std::string("a: 1\n\0", 6)), "f.yaml:2: not UTF-8 text");
    EXPECT_EQ(fault_of(std::string("a\0:\0", 4)), "f.yaml:1: not UTF-8 text");
    EXPECT_EQ(fault_of("a: é\n"), "accepted");
}

TEST(Yaml, RefusesFilesOverOneMebibyte) {
    const std::string most = std::string(1024 * 1024, '\n');
    EXPECT_EQ(fault_of(most), "accepted");
    EXPECT_EQ(fault_of(most + "\n"), "f.yaml: larger than 1 MiB");
}

TEST(Yaml, LoadsFilesAndKeepsTheirBytes) {
    const testing::TemporaryDirectory folder;
    const auto path = folder.write("a.yaml", "a: 1 # x\n");
    const auto file = load_yaml(path).value();
    EXPECT_EQ(file.path, path);
    EXPECT_EQ(file.bytes, "a: 1 # x\n");
    EXPECT_EQ(file.root.find("a")->text, "1");
    EXPECT_EQ(load_yaml(folder.path() / "b.yaml").error().to_string(),
              (folder.path() / "b.yaml").string() + ": No such file or directory");
    EXPECT_THAT(load_yaml(folder.path()).error().to_string(), HasSubstr("is a directory"));
    const auto large = folder.write("large.yaml", std::string(1024 * 1024 + 1, '#'));
    EXPECT_THAT(load_yaml(large).error().to_string(), HasSubstr("larger than 1 MiB"));
}

TEST(YamlText, IsReadBackAsTheSameString) {
    for (const std::string text :
         {"root", "/srv/a", "0644", "1e3", "true", "off", "null", "", "-x", "a: b", "a, b", "[a]", "# no",
          "\"quoted\" \\ and\nlines\t\x7f\x01", "é…", "22/tcp", "127.0.0.1:53/udp"}) {
        const auto root = yaml("[" + yaml_word(text) + "]");
        EXPECT_EQ(root.items.at(0).to_value(), Value{text}) << yaml_word(text);
    }
    EXPECT_EQ(yaml_word("root"), "root");
    EXPECT_EQ(yaml_word("off"), "\"off\"");
}

TEST(YamlText, OfADocumentMeansTheSame) {
    const auto* text =
        "a: 1\nb: \"1\"\nc: off\nd: 3d\ne: [x, \"y\", -5, 0.5, ~]\nf: {g h: a b, i: []}\nj: |\n  two\n  "
        "lines\nk:\n\"l: m\": {}\n";
    const auto before = yaml(text);
    const auto after = yaml(write_yaml(before));
    EXPECT_EQ(after.to_value(), before.to_value()) << write_yaml(before);
    EXPECT_TRUE(after.find("c")->plain) << "an unquoted off is more than a word";
    EXPECT_FALSE(after.find("b")->plain);
}

}  // namespace
}  // namespace agent
