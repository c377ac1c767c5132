#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include "drift/av_edr/av_edr_check.hpp"
#include "support/check_ground.hpp"

namespace agent::testing {

// A host whose scanner's program came with a package.
class AvEdrGround : public ::testing::Test, public CheckGround {
protected:
    AvEdrGround() {
        baseline.common.name = CheckName{"av_edr_health"};
        baseline.binary = folder.write("sbin/clamd", "the program");
        baseline.socket = folder.path() / "clamd.ctl";
        baseline.database = folder.path() / "db";
        host.dpkg_info = folder.path() / "info";
        // md5sum of "the program"
        write_md5sums("clamav-daemon", "e9221b876bf1e70aa3b06fbd6914f57b");
        units.units["clamav-daemon.service"] = FakeUnits::active();
    }

    void write_md5sums(const std::string& package, const std::string& md5) const {
        folder.write("info/" + package + ".md5sums", "00000000000000000000000000000000  usr/share/doc/x\n" + md5 +
                                                         "  " + baseline.binary.native().substr(1) + "\n");
    }
    [[nodiscard]] CheckReport look_now() { return look(std::make_shared<AvEdrCheck>(baseline, host)); }
    // As an own user without rights; the folder and what is in it can be passed through.
    [[nodiscard]] CheckReport look_without_rights() {
        ::chmod(folder.path().c_str(), 0755);
        if (seteuid(65534) != 0) throw std::runtime_error{"seteuid"};
        auto report = look_now();
        if (seteuid(0) != 0) throw std::runtime_error{"seteuid"};
        return report;
    }
    void another_product() {
        baseline.product = AvProduct::other;
        baseline.unit.clear();
        baseline.binary.clear();
    }

    AvEdrBaseline baseline;
    AvEdrHost host;
};

}  // namespace agent::testing
