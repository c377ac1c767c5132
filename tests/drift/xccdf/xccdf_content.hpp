#pragma once
// A benchmark of the tests' own, with one rule for each thing that can come of a rule, and what oscap made of it.
#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/temporary_directory.hpp"

namespace agent::testing {

// Writes the benchmark and its checks; `there` is the file that rule "there" wants, `remote` where a rule has its
// check.
inline std::filesystem::path write_content(const TemporaryDirectory& folder, const std::string& remote) {
    const auto there = (folder.path() / "there").native();
    folder.write("oval.xml", R"(<?xml version="1.0"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"
  xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5"
  xmlns:unix="http://oval.mitre.org/XMLSchema/oval-definitions-5#unix"
  xmlns:ind="http://oval.mitre.org/XMLSchema/oval-definitions-5#independent"
  xmlns:win="http://oval.mitre.org/XMLSchema/oval-definitions-5#windows">
  <generator>
    <oval:schema_version>5.11.1</oval:schema_version><oval:timestamp>2026-01-01T00:00:00</oval:timestamp>
  </generator>
  <definitions>
    <definition class="compliance" id="oval:example:def:1" version="1">
      <metadata><title>a file is there</title><description>-</description></metadata>
      <criteria><criterion test_ref="oval:example:tst:1"/></criteria>
    </definition>
    <definition class="compliance" id="oval:example:def:2" version="1">
      <metadata><title>a pattern that is none</title><description>-</description></metadata>
      <criteria><criterion test_ref="oval:example:tst:2"/></criteria>
    </definition>
    <definition class="compliance" id="oval:example:def:3" version="1">
      <metadata><title>a file of another system</title><description>-</description></metadata>
      <criteria><criterion test_ref="oval:example:tst:3"/></criteria>
    </definition>
  </definitions>
  <tests>
    <unix:file_test check="all" check_existence="at_least_one_exists" comment="-" id="oval:example:tst:1" version="1">
      <unix:object object_ref="oval:example:obj:1"/>
    </unix:file_test>
    <ind:textfilecontent54_test check="all" check_existence="none_exist" comment="-" id="oval:example:tst:2" version="1">
      <ind:object object_ref="oval:example:obj:2"/>
    </ind:textfilecontent54_test>
    <win:file_test check="all" check_existence="at_least_one_exists" comment="-" id="oval:example:tst:3" version="1">
      <win:object object_ref="oval:example:obj:3"/>
    </win:file_test>
  </tests>
  <objects>
    <unix:file_object id="oval:example:obj:1" version="1"><unix:filepath>)" +
                                 there + R"(</unix:filepath></unix:file_object>
    <ind:textfilecontent54_object id="oval:example:obj:2" version="1">
      <ind:filepath>/etc/passwd</ind:filepath><ind:pattern operation="pattern match">(</ind:pattern>
      <ind:instance datatype="int">1</ind:instance>
    </ind:textfilecontent54_object>
    <win:file_object id="oval:example:obj:3" version="1"><win:filepath>C:\x</win:filepath></win:file_object>
  </objects>
</oval_definitions>
)");
    const auto check = [](const std::string& definition, const std::string& href) {
        return R"(<check system="http://oval.mitre.org/XMLSchema/oval-definitions-5"><check-content-ref name=")" +
               definition + R"(" href=")" + href + R"("/></check>)";
    };
    const auto rule = [](const std::string& name, const std::string& attributes, const std::string& title,
                         const std::string& content) {
        return R"(<Rule id="xccdf_com.example_rule_)" + name + R"(" selected="true" )" + attributes + "><title>" +
               title + "</title>" + content + "</Rule>\n";
    };
    const auto first = check("oval:example:def:1", "oval.xml");
    return folder.write(
        "xccdf.xml",
        R"(<?xml version="1.0" encoding="UTF-8"?>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_com.example_benchmark_small" resolved="1">
  <status>draft</status>
  <title>A small benchmark</title>
  <description>One rule for each thing that can come of a rule.</description>
  <version>1.0</version>
  <Profile id="xccdf_com.example_profile_all"><title>Everything</title>
    <select idref="xccdf_com.example_rule_left_out" selected="false"/>
  </Profile>
  <Profile id="xccdf_com.example_profile_nothing"><title>Nothing</title>
    <select idref="xccdf_com.example_group_all" selected="false"/>
  </Profile>
  <Group id="xccdf_com.example_group_all" selected="true"><title>All</title>
)" + rule("there", R"(severity="high")", "The file is\n there &amp; fine", first) +
            rule("bad_pattern", R"(severity="low")", "A check that cannot be carried out",
                 check("oval:example:def:2", "oval.xml")) +
            rule("other_system", R"(severity="medium")", "A check of another system",
                 check("oval:example:def:3", "oval.xml")) +
            rule("by_hand", R"(severity="info")", "A check for people", "") +
            rule("remote", "", "A check that lies elsewhere", check("oval:example:def:1", remote)) +
            rule("elsewhere", R"(severity="high")", "A rule of another system",
                 R"(<platform idref="cpe:/o:microsoft:windows_7"/>)" + first) +
            rule("unscored", R"(severity="high" role="unscored")", "A rule that is not scored", first) +
            rule("unchecked", R"(severity="high" role="unchecked")", "A rule that is not checked", first) +
            rule("left_out", R"(severity="high")", "A rule that is left out", "") + "  </Group>\n</Benchmark>\n");
}

// Recorded: oscap 1.3.7 on the above, what names the machine shortened.
inline const std::string recorded_results = R"(<?xml version="1.0" encoding="UTF-8"?>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_com.example_benchmark_small" resolved="1" xml:lang="en-US">
  <status>draft</status>
  <title xml:lang="en-US">A small benchmark</title>
  <description xml:lang="en-US">One rule for each thing that can come of a rule.</description>
  <version>1.0</version>
  <Group id="xccdf_com.example_group_all">
    <title xml:lang="en-US">All</title>
    <Rule id="xccdf_com.example_rule_there" selected="true" role="full" severity="high">
      <title xml:lang="en-US">The file is
 there &amp; fine</title>
      <check system="http://oval.mitre.org/XMLSchema/oval-definitions-5">
        <check-content-ref name="oval:example:def:1" href="oval.xml"/>
      </check>
    </Rule>
  </Group>
  <TestResult id="xccdf_org.open-scap_testresult_xccdf_com.example_profile_all" start-time="2026-11-21T17:11:39+00:00" end-time="2026-11-21T17:11:39+00:00" version="1.0" test-system="cpe:/a:redhat:openscap:1.3.7">
    <benchmark href="xccdf.xml" id="xccdf_com.example_benchmark_small"/>
    <title>OSCAP Scan Result</title>
    <identity authenticated="false" privileged="false">root</identity>
    <profile idref="xccdf_com.example_profile_all"/>
    <target>vm</target>
    <target-facts>
      <fact name="urn:xccdf:fact:scanner:name" type="string">OpenSCAP</fact>
    </target-facts>
    <rule-result idref="xccdf_com.example_rule_there" role="full" time="2026-11-21T17:11:39+00:00" severity="high" weight="1.000000">
      <result>fail</result>
      <check system="http://oval.mitre.org/XMLSchema/oval-definitions-5">
        <check-content-ref name="oval:example:def:1" href="oval.xml"/>
      </check>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_bad_pattern" role="full" time="2026-11-21T17:11:39+00:00" severity="low" weight="1.000000">
      <result>error</result>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_other_system" role="full" time="2026-11-21T17:11:39+00:00" severity="medium" weight="1.000000">
      <result>unknown</result>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_by_hand" role="full" time="2026-11-21T17:11:39+00:00" severity="info" weight="1.000000">
      <result>notchecked</result>
      <message severity="info">No candidate or applicable check found.</message>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_elsewhere" role="full" time="2026-11-21T17:11:39+00:00" severity="high" weight="1.000000">
      <result>notapplicable</result>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_unscored" role="unscored" time="2026-11-21T17:11:39+00:00" severity="high" weight="1.000000">
      <result>informational</result>
    </rule-result>
    <rule-result idref="xccdf_com.example_rule_left_out" role="full" time="2026-11-21T17:11:39+00:00" severity="high" weight="1.000000">
      <result>notselected</result>
    </rule-result>
    <score system="urn:xccdf:scoring:default" maximum="100.000000">0.000000</score>
  </TestResult>
</Benchmark>
)";

[[nodiscard]] inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error{"not there to be replaced: " + from};
    return text.replace(at, from.size(), to);
}

}  // namespace agent::testing
