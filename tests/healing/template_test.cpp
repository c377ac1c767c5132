#include "healing/template.hpp"

#include <gmock/gmock.h>

namespace agent {
namespace {

using ::testing::HasSubstr;

class Templates : public ::testing::Test {
protected:
    Faults faults;
    ParameterSchema schema{read_schema()};
    StepScope scope{schema};

    std::optional<Template> parse(const std::string& text) {
        const auto file = parse_yaml("argv: []\n", "rb.yaml");
        MapReader reader{"rb.yaml", file.value().root, "steps[3]", faults};
        return Template::parse(text, scope, reader, "argv");
    }
    std::string fault_of(const std::string& text) {
        faults.clear();
        EXPECT_FALSE(parse(text)) << text;
        return faults.size() == 1 && faults[0].key == "steps[3].argv" ? faults[0].text : "not one fault";
    }

private:
    ParameterSchema read_schema() {
        const auto file =
            parse_yaml("params: {word: {type: string}, n: {type: integer}, b: {type: boolean}}\n", "rb.yaml");
        MapReader reader{"rb.yaml", file.value().root, "", faults};
        return ParameterSchema::read(reader);
    }
};

TEST_F(Templates, PutsValuesInTheirPlacesAndNothingElse) {
    const auto params = Value::object({{"word", "a b; {{ params.n }}"}, {"n", -5}, {"b", true}});
    EXPECT_EQ(parse("x={{ params.word }},{{params.n}},{{  params.b }}")->fill(params).value(),
              "x=a b; {{ params.n }},-5,true");
    EXPECT_EQ(parse("plain }} text")->fill(params).value(), "plain }} text");
    EXPECT_EQ(parse("--n={{ params.n }}")->fill(params).value(), "--n=-5");
    EXPECT_TRUE(parse("plain")->is_fixed());
    EXPECT_FALSE(parse("{{ params.n }}")->is_fixed());
}

TEST_F(Templates, RefuseAnOptionThatOnlyTheValueMakes) {
    EXPECT_TRUE(parse("{{ params.word }}")->fill(Value::object({{"word", "--force"}})).has_error());
    EXPECT_TRUE(parse("{{ params.n }}")->fill(Value::object({{"n", -1}})).has_error());
    EXPECT_TRUE(parse("{{ params.word }}{{ params.n }}")->fill(Value::object({{"word", ""}, {"n", -1}})).has_error());
    EXPECT_FALSE(parse("{{ params.word }}{{ params.n }}")->fill(Value::object({{"word", "a"}, {"n", -1}})).has_error());
}

TEST_F(Templates, RefusePathsThatAreRelativeOrClimb) {
    const auto path = [this](const char* word) {
        return parse("{{ params.word }}")->fill_path(Value::object({{"word", word}}));
    };
    EXPECT_EQ(path("/etc/motd").value(), "/etc/motd");
    for (const char* word : {"etc/motd", "/etc/../motd", "/etc/./motd", "/etc/", "", "/..", "/"})
        EXPECT_TRUE(path(word).has_error()) << word;
}

TEST_F(Templates, ReportUnknownParametersAndStrayMarkers) {
    for (const char* text : {"{{ params.word",
                             "{{ word }}",
                             "{{}}",
                             "a {{ b",
                             "{{ baseline }}",
                             "{{ baseline. }}",
                             "{{ baseline..a }}",
                             "{{ baseline.a b }}",
                             "{{ baseline.a. }}",
                             "{{ steps }}",
                             "{{ steps.1 }}",
                             "{{ steps.1.error }}",
                             "{{ steps.0.output }}",
                             "{{ steps.01.output }}",
                             "{{ steps.-1.output }}",
                             "{{ steps.x.output }}",
                             "{{ steps..output }}",
                             "{{ steps.output }}",
                             "{{ steps.99999999999999999999.output }}",
                             "{{ Params.word }}"})
        EXPECT_THAT(fault_of(text), HasSubstr("a marker is not {{ params.NAME }}, {{ baseline.KEY }} or")) << text;
    EXPECT_THAT(fault_of("{{ params.wort }}"), HasSubstr("did you mean \"word\"?"));
}

TEST_F(Templates, NameAnOutputOnlyOfAnEarlierProgram) {
    scope.next("command.run");
    scope.next("unit.restart");  // so this is step 3
    EXPECT_TRUE(parse("{{ steps.1.output }}"));
    EXPECT_TRUE(scope.waits);
    EXPECT_EQ(fault_of("{{ steps.2.output }}"), "step 2 is unit.restart and has no output; only command.run has");
    for (const char* later : {"{{ steps.3.output }}", "{{ steps.4.output }}"})
        EXPECT_THAT(fault_of(later), HasSubstr("is not before this one, which is step 3")) << later;
}

TEST_F(Templates, TakeEveryValueAsItIsWhereverItComesFrom) {
    scope.next("command.run");
    const auto values = Value::object({{"word", "w"},
                                       {"baseline.custom.motd.path", "/etc/{{ params.word }}"},
                                       {"steps.1.output", "a b; {{ steps.1.output }}"}});
    EXPECT_EQ(parse("{{ baseline.custom.motd.path }}={{ steps.1.output }}")->fill(values).value(),
              "/etc/{{ params.word }}=a b; {{ steps.1.output }}");
    EXPECT_EQ(parse("{{ baseline.custom.motd.path }}")->fill_path(values).value(), "/etc/{{ params.word }}");
    ASSERT_EQ(scope.baseline.size(), 2U);
    EXPECT_EQ(scope.baseline[0].place, "steps[3].argv");
    EXPECT_EQ(scope.baseline[0].value, "baseline.custom.motd.path");
}

TEST_F(Templates, RefuseOptionsAndPathsThatBaselineOrOutputMake) {
    scope.next("command.run");
    for (const char* name : {"baseline.a", "steps.1.output"}) {
        const auto filled = [&](const char* value) {
            return parse(std::string{"{{ "} + name + " }}")->fill(Value::object({{name, value}}));
        };
        EXPECT_TRUE(filled("--force").has_error()) << name;
        EXPECT_TRUE(filled("a-b").has_value()) << name;
        for (const char* path : {"etc/motd", "/etc/../motd", "/etc/./motd", "/etc/", "", "/..", "/"})
            EXPECT_TRUE(parse(std::string{"{{ "} + name + " }}")->fill_path(Value::object({{name, path}})).has_error())
                << name << ' ' << path;
    }
}

TEST_F(Templates, ShowWhatIsKnownAndLeaveTheOtherMarkersAsTheyStand) {
    scope.next("command.run");
    const auto text = parse("{{params.word}}/{{steps.1.output}}/{{ baseline.a }}");
    const auto early = Value::object({{"word", "w"}, {"baseline.a", "b"}});
    EXPECT_EQ(text->show(early), "w/{{steps.1.output}}/b");
    EXPECT_FALSE(text->is_known(early));
    EXPECT_THAT(text->fill(early).error().message(), HasSubstr("the value of \"{{steps.1.output}}\" is missing"));
    const auto late = Value::object({{"word", "w"}, {"baseline.a", "b"}, {"steps.1.output", "o"}});
    EXPECT_EQ(text->show(late), "w/o/b");
    EXPECT_TRUE(text->is_known(late));
}

TEST_F(Templates, SayWhyAnOutputIsNotToBeUsed) {
    scope.next("command.run");
    const auto values = Value::object({{"steps.1.output", Value::object({{"unusable", "nothing was printed"}})}});
    EXPECT_EQ(parse("x{{ steps.1.output }}")->fill(values).error().message(),
              "\"{{ steps.1.output }}\" cannot be used: nothing was printed");
}

}  // namespace
}  // namespace agent
