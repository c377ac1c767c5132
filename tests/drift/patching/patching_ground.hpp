#pragma once
// A Debian of the test's own in a folder: apt is a script that prints a file, everything else is a prepared tree.
#include <fcntl.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>

#include "async/system_time_source.hpp"
#include "drift/patching/patching_check.hpp"
#include "drift/patching/patching_report.hpp"
#include "host/posix_process_runner.hpp"
#include "support/check_ground.hpp"
#include "support/fake_time.hpp"
#include "support/no_units.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

// Of the file, or of the link itself.
inline void set_changed(const std::filesystem::path& file, WallTime when) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
    const std::array<timespec, 2> times{timespec{seconds, 0}, timespec{seconds, 0}};
    if (utimensat(AT_FDCWD, file.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
        throw std::runtime_error{"cannot set the time of " + file.native()};
}

class PatchingGround : public ::testing::Test {
protected:
    static constexpr std::string_view nothing_pending =
        "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n";
    static constexpr std::string_view one_pending =
        "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"
        "Inst bash [5.2.15-2] (5.2.15-3 Debian-Security:12/oldstable-security [amd64])\n";

    void SetUp() override {
        time.wall = parse_rfc3339("2026-11-20T00:00:00Z").value();
        time.boot = std::chrono::days{100};
        host.system_id = "debian";
        host.apt.lists = folder.path() / "lists";
        host.apt.dpkg_status = folder.write("dpkg/status", "Package: bash\nStatus: install ok installed\n");
        host.apt.settings = {folder.path() / "apt", folder.path() / "extended_states", folder.path() / "arch"};
        folder.write("apt/sources.list.d/debian.sources", "Types: deb\n");
        host.reboot.request = folder.path() / "reboot-required";
        host.reboot.boot = folder.path() / "boot";
        host.reboot.dpkg_info = folder.path() / "dpkg/info";
        host.reboot.version = folder.write("proc/version", running_kernel);
        host.proc = folder.path() / "proc";
        folder.write("proc/1/maps", "");
        host.nixos.booted = folder.path() / "booted-system";
        host.nixos.current = folder.path() / "current-system";
        host.nixos.profiles = folder.path() / "profiles";
        host.nixos_version = folder.path() / "no-nixos-version";
        baseline.common.name = CheckName{"patching"};
        write_list("Wed, 18 Nov 2026 22:17:41 UTC");
        apt_prints(nothing_pending);
    }
    void write_list(const std::string& date) const {
        folder.write("lists/x_InRelease", "Label: Debian-Security\nSuite: oldstable-security\nDate: " + date + "\n");
    }
    void apt_does(const std::string& script) {
        host.apt.apt_get = folder.write(
            "apt-get", "#!/bin/sh\necho run >>" + (folder.path() / "runs").native() + "\n" + script + "\n");
        chmod(host.apt.apt_get.c_str(), 0755);
    }
    void apt_prints(std::string_view text) { apt_does("cat <<'END'\n" + std::string{text} + "END"); }
    [[nodiscard]] std::size_t runs_of_apt() const {
        std::ifstream runs{folder.path() / "runs"};
        std::size_t count = 0;
        for (std::string line; std::getline(runs, line);) ++count;
        return count;
    }
    CheckReport look() {
        const PatchingCheck check{baseline, host};
        RoundFacts facts;
        CheckTools tools{runner, units, time, facts, std::nullopt};
        tools.due = time.mono_now() + baseline.common.timeout.value_or(Duration{std::chrono::minutes{1}});
        return run(io, check.look(tools, notes)).value();
    }

    static constexpr std::string_view running_kernel =
        "Linux version 6.1.0-42-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU "
        "ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1 (2025-12-30)\n";
    asio::io_context io;
    SystemTimeSource real_time;
    PosixProcessRunner runner{real_time};
    NoUnits units;
    FakeTime time;
    TemporaryDirectory folder;
    PatchingHost host;
    PatchingBaseline baseline;
    std::string notes;
};

}  // namespace agent::testing
