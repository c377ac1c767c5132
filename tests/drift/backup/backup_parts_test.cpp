// The pure parts: outputs, times, sizes, words, and the section of the baseline.
#include <gmock/gmock.h>

#include "drift/backup/backup_check.hpp"
#include "drift/backup/backup_tool.hpp"
#include "drift/backup/known_sizes.hpp"
#include "drift/backup/secret_files.hpp"
#include "drift/backup/status_file.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(ToolTimes, AreReadWithAnyZoneAndCutToMilliseconds) {
    const auto read = [](std::string_view text) { return format_rfc3339(parse_tool_time(text).value()); };
    EXPECT_EQ(read("2026-11-21T14:03:13.362315162Z"), "2026-11-21T14:03:13.362Z");
    EXPECT_EQ(read("2026-11-21T14:03:13+02:00"), "2026-11-21T12:03:13.000Z");
    EXPECT_EQ(read("2026-11-21T23:30:00.5-01:30"), "2026-11-22T01:00:00.500Z");
    EXPECT_EQ(read("2026-11-21T14:03:28.000000"), "2026-11-21T14:03:28.000Z");
    for (const char* text :
         {"", "yesterday", "2026-11-21", "2026-11-21T14:03", "2026-02-30T00:00:00Z", "2026-11-21T14:03:13.",
          "2026-11-21T14:03:13+2", "2026-11-21T14:03:13+02:60", "2026-11-21T14:03:13 UTC", "2026-11-21T14:03:13+-2:00"})
        EXPECT_TRUE(parse_tool_time(text).has_error()) << text;
}

TEST(ResticOutput, GivesSnapshotsByTimeAndTheSizesOfNewerVersions) {
    // As restic 0.14 and 0.18 print it, cut to what matters.
    const auto points = restic_tool().parse_list(
        R"([{"time":"2026-11-21T14:03:13.3+01:00","tree":"7a","paths":["/etc"],"hostname":"vm","id":"a431ae4f",
             "summary":{"total_bytes_processed":300000,"files_new":1}},
            {"time":"2026-11-01T00:00:00Z","paths":["/etc"],"hostname":"vm","id":"8ba74d61","short_id":"8b"}])");
    ASSERT_THAT(points.value(), SizeIs(2));
    EXPECT_EQ(points.value()[0].id, "8ba74d61");
    EXPECT_EQ(points.value()[0].size, std::nullopt);
    EXPECT_EQ(points.value()[1].size, 300000);
    EXPECT_THAT(restic_tool().parse_list("[]").value(), SizeIs(0));
    EXPECT_THAT(restic_tool().parse_list("null").value(), SizeIs(0));
    for (const char* text : {R"([{"id":"--help","time":"2026-11-01T00:00:00Z"}])",
                             R"([{"id":"8ba74d61","time":"2026-11-01T00:00:00Z","paths":[1]}])"})
        EXPECT_TRUE(restic_tool().parse_list(text).has_error()) << text;
}

TEST(ResticOutput, OfNoSnapshotIsNoSizeOfZero) {
    EXPECT_EQ(restic_tool().parse_size(R"({"total_size":300000,"snapshots_count":1})").value(), 300000);
    EXPECT_EQ(restic_tool().parse_size(R"({"total_size":0,"snapshots_count":0})").error().code(), Errc::corrupt);
    EXPECT_TRUE(restic_tool().parse_size(R"({"total_size":-1,"snapshots_count":1})").has_error());
}

TEST(BorgOutput, GivesArchivesByTimeAndOneSize) {
    const auto points = borg_tool().parse_list(
        R"({"archives":[{"archive":"b","id":"1","name":"b","hostname":"vm","time":"2026-11-02T00:00:00.000000"},
                        {"archive":"a","id":"2","name":"a","time":"2026-11-01T00:00:00.000000"}]})");
    ASSERT_THAT(points.value(), SizeIs(2));
    EXPECT_EQ(points.value()[1].name, "b");
    EXPECT_EQ(borg_tool().parse_size(R"({"archives":[{"stats":{"original_size":7}}]})").value(), 7);
    for (const char* text : {"[]", R"({"archives":[]})", R"({"archives":[{"stats":{"original_size":-7}}]})"})
        EXPECT_TRUE(borg_tool().parse_size(text).has_error()) << text;
}

TEST(ToolFailures, AreToldByTheirFirstLineAndWithWhatToDo) {
    const auto& restic = restic_tool();
    const auto said = [&](int status, std::string_view text) {
        return explain_failure(restic, status, text).message();
    };
    EXPECT_THAT(said(1, "Fatal: wrong password or no key found\n"), HasSubstr("does not open this repository"));
    // Newer versions: JSON and statuses of their own.
    EXPECT_THAT(said(12, R"({"message_type":"exit_error","code":12,"message":"Fatal: no key"})"),
                HasSubstr("\"Fatal: no key\"; the password in password_file"));
    EXPECT_EQ(explain_failure(restic, 11, "unable to create lock").code(), Errc::refused);
    EXPECT_EQ(explain_failure(restic, 1, "Fatal: unable to open config file: dial tcp: connection refused").code(),
              Errc::unreachable);
    EXPECT_EQ(explain_failure(restic, 1, "Fatal: unable to open config file: stat /x: no such file").code(),
              Errc::not_found);
    EXPECT_EQ(explain_failure(restic, 2, "panic: runtime error").code(), Errc::corrupt);
    EXPECT_THAT(said(9, ""), HasSubstr("status 9 and said nothing"));
    EXPECT_THAT(explain_failure(borg_tool(), 2, "Local Exception\nTraceback (most recent call last):\n").message(),
                HasSubstr("run borg check"));
    EXPECT_EQ(damage_in(restic, "some banner\n"), std::nullopt);
}

TEST(Locations, AreShownWithoutTheirPasswords) {
    EXPECT_EQ(without_password("rest:https://user:secret@host:8000/x@y"), "rest:https://user:***@host:8000/x@y");
    EXPECT_EQ(without_password("a ssh://u@h/ b https://u:p:q@h"), "a ssh://u@h/ b https://u:***@h");
    EXPECT_EQ(without_password("https://host:80/a:b@c"), "https://host:80/a:b@c");
    EXPECT_EQ(without_password("/srv/backup"), "/srv/backup");
}

BackupPoint point(std::string id, int day, std::vector<std::string> paths = {"/etc"}) {
    return {id, id, WallTime{std::chrono::days{day}}, "here", std::move(paths), std::nullopt};
}

TEST(Sizes, AreComparedWithinOneSeriesAndAskedOneALook) {
    const std::vector<BackupPoint> points{point("a", 1), point("b", 2), point("x", 3, {"/home"}), point("c", 4),
                                          point("d", 5)};
    const auto series = series_of(points, 2);
    ASSERT_THAT(series, SizeIs(3));
    EXPECT_EQ(series[0].id, "d");
    EXPECT_EQ(series[2].id, "b");
    KnownSizes sizes{{"c", 30}, {"gone", 1}};
    keep_sizes_of(series, sizes);
    EXPECT_EQ(sizes, (KnownSizes{{"c", 30}}));
    EXPECT_EQ(size_to_ask(series, sizes)->id, "d") << "the newest first";
    sizes["d"] = 40;
    EXPECT_EQ(size_to_ask(series, sizes)->id, "b");
    sizes["b"] = 20;
    EXPECT_EQ(size_to_ask(series, sizes), nullptr);
    EXPECT_THAT(earlier_sizes(series, sizes), ElementsAre(30, 20));
    EXPECT_THAT(series_of({}, 2), SizeIs(0));
}

TEST(Sizes, HaveAMedianAndSurviveTheirNotes) {
    EXPECT_EQ(median_of({5}), 5);
    EXPECT_EQ(median_of({9, 1, 5}), 5);
    EXPECT_EQ(median_of({9, 1, 5, 6}), 5);
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(median_of({most, most}), most);
    EXPECT_EQ(read_sizes(write_sizes({{"a", 1}})), (KnownSizes{{"a", 1}}));
    for (const char* notes : {"", "{", "[]", R"({"sizes":1})", R"({"sizes":{"a":-1}})"})
        EXPECT_EQ(read_sizes(notes), KnownSizes{}) << notes;
}

TEST(EnvironmentFiles, GiveNamesAndValuesAndNeverShowAValueInAMessage) {
    const auto read = [](std::string_view text) { return parse_environment(restic_tool(), text); };
    EXPECT_THAT(read("# x\n\nA=1\n B_2 = \"two words\" \nC='3'\r\nD=\nE=a=b").value(),
                ElementsAre("A=1", "B_2=two words", "C=3", "D=", "E=a=b"));
    for (const char* text : {"export A=1", "A", "=1", "1A=x", "RESTIC_PASSWORD=hidden", "LD_PRELOAD=/x", "PATH=/x"})
        EXPECT_TRUE(read(text).has_error()) << text;
    EXPECT_THAT(read("A=1\nRESTIC_PASSWORD=hidden").error().message(), HasSubstr("line 2"));
    EXPECT_THAT(read("some hidden=1").error().message(), Not(HasSubstr("hidden")));
}

TEST(BackupStatusText, IsStrict) {
    const auto status = parse_backup_status(
        R"({"last_success":"2026-11-21T14:00:00+01:00","result":"ok","size_bytes":12,"last_restore_test":null})");
    EXPECT_EQ(format_rfc3339(*status.value().last_success), "2026-11-21T13:00:00.000Z");
    EXPECT_EQ(status.value().size_bytes, 12);
    for (const char* text :
         {"", "[]", "{}", R"({"result":"ok"})", R"({"last_success":null})", R"({"last_success":1,"result":"ok"})",
          R"({"last_success":null,"result":"fine"})", R"({"last_success":"2026-11-21T14:00:00","result":"ok"})",
          R"({"last_success":null,"result":"ok","size":1})", R"({"last_success":null,"result":"ok","size_bytes":-1})",
          R"({"last_success":null,"result":"ok","result":"ok"})"})
        EXPECT_TRUE(parse_backup_status(text).has_error()) << text;
    EXPECT_TRUE(parse_restore_test(R"({"last_restore_test":null,"result":"ok"})").has_value());
    EXPECT_TRUE(parse_restore_test(R"({"last_restore_test":"2026-11-21T14:00:00Z"})").has_error());
}

class BackupSection : public ::testing::Test {
protected:
    BackupBaseline read(const std::string& text) {
        faults.clear();
        const auto yaml = parse_yaml(text, "/etc/b.yaml");
        MapReader reader{yaml.value().path, yaml.value().root, "checks.backup_verification", faults};
        const auto check = read_backup(reader, CheckName{"backup_verification"});
        reader.finish();
        return dynamic_cast<const BackupCheck&>(*check).baseline();
    }
    Faults faults;
};

TEST_F(BackupSection, IsReadWithItsDefaults) {
    const auto none = read("{}");
    EXPECT_THAT(faults, SizeIs(0));
    EXPECT_EQ(none.kind, BackupKind::undeclared);
    EXPECT_EQ(none.common.controls.hipaa.front(), "164.308(a)(7)(ii)(A)");
    const auto full = read(
        "kind: restic\nrepository: sftp:b@h:/srv\npassword_file: pw\nhost: vm\ntags: [a]\npaths: [/etc]\n"
        "max_age: {high: 1h, critical: 2h}\nrestore_test_max_age: 3d\nsize: {least_percent: 60, of_last: 5}\n"
        "restore_test_file: /var/lib/r.json\nprogram: /opt/restic\ncache: /var/cache/r\nenvironment_file: env\n");
    EXPECT_THAT(faults, SizeIs(0)) << faults.front().to_string();
    EXPECT_EQ(full.password_file, "/etc/pw");
    EXPECT_EQ(full.age_critical, Duration{std::chrono::hours{2}});
    EXPECT_EQ(full.size_percent, 60);
}

TEST_F(BackupSection, NamesWhatIsMissingOrOfAnotherKind) {
    const auto fault_of = [this](const std::string& text) {
        static_cast<void>(read(text));
        std::string all;
        for (const auto& fault : faults) all += fault.to_string() + "\n";
        return all;
    };
    EXPECT_THAT(fault_of("repository: /srv/b\n"), HasSubstr("kind: missing"));
    EXPECT_THAT(fault_of("kind: restic\n"), HasSubstr("repository: missing"));
    EXPECT_THAT(fault_of("kind: restic\nrepository: /b\n"), HasSubstr("password_file: missing"));
    EXPECT_THAT(fault_of("kind: borg\nrepository: /b\ntags: [a]\n"), HasSubstr("tags: is no key of kind borg"));
    EXPECT_THAT(fault_of("kind: status_file\n"), HasSubstr("status_file: missing"));
    EXPECT_THAT(fault_of("kind: borg\nrepository: srv/b\n"), HasSubstr("must be absolute"));
    EXPECT_THAT(fault_of("kind: tar\n"), HasSubstr("is not one of restic, borg, status_file"));
    EXPECT_THAT(fault_of("max_age: {high: 3d, critical: 1d}\n"), HasSubstr("high must not be later than critical"));
}

TEST(BackupHosts, MatchWithOrWithoutTheirDomain) {
    BackupBaseline baseline;
    EXPECT_TRUE(counts_for(baseline, "vm", "vm"));
    EXPECT_TRUE(counts_for(baseline, "vm", "vm.example.org"));
    EXPECT_FALSE(counts_for(baseline, "vm", "vm2"));
    baseline.host = "vm.example.org";
    EXPECT_FALSE(counts_for(baseline, "vm", "vm"));
    baseline.host = "*";
    EXPECT_TRUE(counts_for(baseline, "vm", "other"));
}

}  // namespace
}  // namespace agent
