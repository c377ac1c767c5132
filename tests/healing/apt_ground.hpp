#pragma once
// A Debian of the test's own in a folder: the real apt and dpkg on a root and two archives that the test makes, with
// real packages. This host's own packages are neither looked at nor touched.
#include <unistd.h>

#include <map>

#include "crypto/digest.hpp"
#include "drift/patching/patching_check.hpp"
#include "drift/round_facts.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {

struct DebianPackage {
    std::string name;
    std::string version;
    std::string fields;    // of the control file, "Depends: x\n"
    std::string postinst;  // a script's text
};

class AptGround : public HealingTest {
protected:
    PatchingHost host;
    MeddlingJournal journal;
    bool really_looks{true};  // the check of patching; else it answers as check_results says

    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "dpkg installs as root only";
        if (!std::filesystem::exists("/usr/bin/apt-get")) GTEST_SKIP() << "no apt on this system";
        make_root();
        make_host();
        publish("main", {{"tool", "1:1.0-1", "", ""}, {"lib", "2.0", "", ""}, {"other", "3", "", ""}});
        publish("security", {});
        install("tool lib other");
        ask("apt-mark", "auto lib");
        std::filesystem::remove_all(root() / "var/cache/apt/archives");
        std::filesystem::create_directories(root() / "var/cache/apt/archives/partial");
    }

    // dpkg-repack, real or of this text; there is none before.
    void have_repack(const std::string& script = {}) {
        if (script.empty())
            program("dpkg-repack", "--root=" + root().string());
        else
            program_of("dpkg-repack", script);
    }

    [[nodiscard]] std::filesystem::path root() const { return folder.path() / "root"; }

    // Makes `archive` hold these and nothing else, and has apt fetch its lists.
    void publish(const std::string& archive, const std::vector<DebianPackage>& packages) {
        const auto place = folder.path() / archive;
        std::filesystem::remove_all(place);
        std::string index;
        for (const auto& package : packages) index += build(archive, package);
        folder.write(archive + "/Packages", index);
        const bool is_security = archive == "security";
        folder.write(archive + "/Release", std::string{"Origin: Debian\nLabel: "} +
                                               (is_security ? "Debian-Security" : "Debian") + "\nSuite: stable" +
                                               (is_security ? "-security" : "") +
                                               "\nCodename: test\nVersion: 12\nDate: " + today() + "\nSHA256:\n " +
                                               sha256_hex(index) + ' ' + std::to_string(index.size()) + " Packages\n");
        if (std::filesystem::exists(folder.path() / "security/Release")) ask("apt-get", "--quiet update");
    }
    void install(const std::string& words) { ask("apt-get", "--quiet --assume-yes install " + words); }

    // What a program of this Debian printed.
    std::string ask(const std::string& program, const std::string& words, int expected = 0) {
        Command command;
        command.program = folder.path() / "bin" / program;
        std::istringstream split{words};
        for (std::string word; split >> word;) command.arguments.push_back(word);
        const auto exit = finished(std::move(command));
        EXPECT_EQ(exit.status, expected) << program << ' ' << words << '\n'
                                         << exit.standard_output.head << exit.standard_error.head;
        return exit.standard_output.head;
    }
    // "lib 2.0 installed, tool 1:1.0-1 installed"
    std::string packages() {
        auto text = ask("dpkg-query", "-W --showformat=${Package}_${Version}_${db:Status-Status},");
        if (text.ends_with(',')) text.pop_back();
        for (auto& c : text)
            if (c == '_') c = ' ';
        return text;
    }
    std::string automatic() { return ask("apt-mark", "showauto"); }

    [[nodiscard]] HealingEngine engine() {
        return HealingEngine{ActionTools{processes, units, time,
                                         [this](std::vector<CheckName> names) { return look(std::move(names)); },
                                         [this] { return declared(); }}};
    }
    EvidenceDraft apply(const Runbook& runbook, Value params = Value::Object{}) {
        auto healing = engine();
        const LocalMandate mandate{Trigger::manual, std::move(params)};
        return run(io, healing.apply(runbook, &mandate, journal, confirmation));
    }
    EvidenceDraft finish(const OpenRun& cut, const Runbook* runbook) {
        auto healing = engine();
        KeptJournal next;
        return run(io, healing.finish(cut, runbook, next));
    }
    Result<Plan> plan(const Runbook& runbook, const Value& params = Value::Object{}) {
        auto healing = engine();
        return run(io, healing.plan(runbook, params));
    }

private:
    // On a loop of its own: a run may be under way.
    CommandExit finished(Command command) {
        asio::io_context apart;
        return run(apart, processes.run(std::move(command))).value();
    }
    void make_root() const {
        for (const char* below : {"etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d",
                                  "var/log/apt", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers",
                                  "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"})
            std::filesystem::create_directories(root() / below);
        folder.write("root/var/lib/dpkg/status", "");
        folder.write("root/var/lib/dpkg/available", "");
        const auto place = folder.path().string();
        folder.write("root/etc/apt/sources.list", "deb [trusted=yes] copy:" + place + "/main ./\n" +
                                                      "deb [trusted=yes] copy:" + place + "/security ./\n");
        // Scripts run outside of the root, in which there is nothing to run them with.
        folder.write("apt.conf",
                     "Dir \"" + root().string() + "\";\nDir::State::status \"" + root().string() +
                         "/var/lib/dpkg/status\";\nAPT::Sandbox::User \"root\";\nDPkg::Options { \"--root=" +
                         root().string() + "\"; \"--force-script-chrootless\"; };\n");
    }
    std::filesystem::path program(const std::string& name, const std::string& options) const {
        return program_of(name, "APT_CONFIG=" + (folder.path() / "apt.conf").string() + " exec /usr/bin/" + name + ' ' +
                                    options + " \"$@\"");
    }
    std::filesystem::path program_of(const std::string& name, const std::string& script) const {
        auto file = folder.write("bin/" + name, "#!/bin/sh\n" + script + '\n');
        std::filesystem::permissions(file, std::filesystem::perms{0755});
        return file;
    }
    void make_host() {
        host.system_id = "debian";
        host.apt.apt_get = program("apt-get", "");
        host.apt.apt_mark = program("apt-mark", "");
        host.apt.dpkg = program("dpkg", "--root=" + root().string() + " --force-script-chrootless");
        host.apt.dpkg_query = program("dpkg-query", "--admindir=" + (root() / "var/lib/dpkg").string());
        host.apt.dpkg_repack = folder.path() / "bin/dpkg-repack";
        host.apt.archives = root() / "var/cache/apt/archives";
        host.apt.lists = root() / "var/lib/apt/lists";
        host.apt.dpkg_status = root() / "var/lib/dpkg/status";
        host.apt.settings = {root() / "etc/apt"};
        host.reboot.request = folder.path() / "reboot-required";
        host.reboot.boot = folder.path() / "boot";
        host.reboot.dpkg_info = root() / "var/lib/dpkg/info";
        host.proc = folder.path() / "proc";
        folder.write("proc/1/maps", "");
    }
    // The package's file, and its entry in the archive's index.
    std::string build(const std::string& archive, const DebianPackage& package) {
        const auto tree = "build/" + package.name;
        std::filesystem::remove_all(folder.path() / tree);
        const auto control = "Package: " + package.name + "\nVersion: " + package.version +
                             "\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: test\n" +
                             package.fields;
        folder.write(tree + "/DEBIAN/control", control);
        folder.write(tree + "/usr/share/" + package.name + "/version", package.version);
        if (!package.postinst.empty()) {
            const auto script = folder.write(tree + "/DEBIAN/postinst", "#!/bin/sh\n" + package.postinst + "\n");
            std::filesystem::permissions(script, std::filesystem::perms{0755});
        }
        std::filesystem::permissions(folder.path() / tree / "DEBIAN", std::filesystem::perms{0755});
        const auto name = package.name + '_' + package.version.substr(package.version.find(':') + 1) + "_all.deb";
        std::filesystem::create_directories(folder.path() / archive);
        Command command;
        command.program = "/usr/bin/dpkg-deb";
        command.arguments = {"--root-owner-group", "--build", folder.path() / tree, folder.path() / archive / name};
        EXPECT_EQ(finished(std::move(command)).status, 0) << package.name;
        const auto bytes = slurp(folder.path() / archive / name);
        return control + "Filename: ./" + name + "\nSize: " + std::to_string(bytes.size()) +
               "\nSHA256: " + sha256_hex(bytes) + "\n\n";
    }
    [[nodiscard]] std::string today() const {
        const auto seconds = std::chrono::system_clock::to_time_t(
            std::chrono::system_clock::time_point{time.wall_now().time_since_epoch()});
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        std::array<char, 64> text{};
        const auto length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S UTC", &parts);
        return {text.data(), length};
    }
    [[nodiscard]] std::shared_ptr<const Baseline> declared() const {
        PatchingBaseline patching;
        patching.common.name = CheckName{"patching"};
        auto declared = std::make_shared<Baseline>();
        declared->checks.push_back(std::make_shared<PatchingCheck>(std::move(patching), host));
        return declared;
    }
    Task<std::vector<CheckReport>> look(std::vector<CheckName> names) {
        std::vector<CheckReport> reports;
        if (!really_looks) {
            CheckReport report;
            report.name = names.at(0);
            report.result = check_results.front();
            reports.push_back(std::move(report));
            co_return reports;
        }
        const auto baseline_now = declared();
        RoundFacts facts;
        CheckTools tools{processes, units, time, facts, std::nullopt};
        std::string notes;
        auto looked = co_await baseline_now->checks.at(0)->look(tools, notes);
        AGENT_CO_TRY(auto report, std::move(looked));
        reports.push_back(std::move(report));
        co_return reports;
    }
};

}  // namespace agent::testing
