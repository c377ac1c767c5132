#include "daemon/remarks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drift/custom/file_check.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IdentityRemark : public ::testing::Test {
protected:
    IdentityRemark() {
        settings.site_id = SiteId{"clinic-001"};
        settings.host_id = HostId{"srv-01"};
        settings.server.cert_file = "client.pem";
    }
    [[nodiscard]] std::string on(std::vector<std::string> uris) const {
        CertificateFacts certificate;
        certificate.uris = std::move(uris);
        return remark_on_identity(settings, certificate).value_or("");
    }
    AgentSettings settings;
};

TEST_F(IdentityRemark, IsNotMadeOfAFittingCertificateWhateverItsTrustDomain) {
    EXPECT_EQ(on({"spiffe://example.test/site/clinic-001/host/srv-01"}), "");
    EXPECT_EQ(on({"spiffe://another.example/site/clinic-001/host/srv-01"}), "");
}

TEST_F(IdentityRemark, NamesBothWhereSiteOrHostDiffer) {
    EXPECT_THAT(on({"spiffe://example.test/site/clinic-002/host/srv-01"}),
                AllOf(HasSubstr("client.pem speaks for site clinic-002, host srv-01"),
                      HasSubstr("the configuration is of site clinic-001, host srv-01")));
    EXPECT_THAT(on({"spiffe://example.test/site/clinic-001/host/srv-09"}), HasSubstr("host srv-09"));
}

TEST_F(IdentityRemark, TellsAnOperatorsCertificateAndOneThatNamesNobody) {
    EXPECT_THAT(on({"spiffe://example.test/operator/alice"}), HasSubstr("operator alice"));
    EXPECT_THAT(on({}), HasSubstr("no host or operator (its URI names: none)"));
    EXPECT_THAT(on({"https://example.test/"}), HasSubstr("\"https://example.test/\""));
    EXPECT_THAT(on({"spiffe://a/site/clinic-001/host/srv-01", "spiffe://b/site/clinic-001/host/srv-01"}),
                HasSubstr("no host or operator"))
        << "two names are no identity";
}

class CheckRemarks : public ::testing::Test {
protected:
    CheckRemarks() {
        loaded.settings.healing.runbooks = "runbooks";
        loaded.settings.checks.baseline = "baseline.yaml";
    }
    void add_check(const std::string& name, const std::string& runbook) {
        FileBaseline file;
        file.common.name = CheckName{name};
        if (!runbook.empty()) file.common.runbook = RunbookId{runbook};
        file.path = "/etc/motd";
        loaded.baseline.checks.push_back(std::make_shared<FileCheck>(std::move(file)));
    }
    void add_runbook(const std::string& id, const std::string& repairs) {
        folder.write(id + ".yaml",
                     "id: " + id + "\nname: n\ndescription: d\nseverity: low\ndisruptive: false\nrepairs: " + repairs +
                         "\nsteps:\n  - action: check.run\n    checks: all\n");
        auto read = RunbookCatalogue::load(folder.path());
        ASSERT_TRUE(read.faults.empty()) << read.faults.front().to_string();
        loaded.runbooks = std::move(read.catalogue);
    }
    testing::TemporaryDirectory folder;
    LoadedAgent loaded;
};

TEST_F(CheckRemarks, AreNotMadeWhereAllFitsTogether) {
    add_check("motd", "RB-MOTD");
    add_runbook("RB-MOTD", "motd");
    EXPECT_THAT(remarks_on_checks(loaded), IsEmpty());
}

TEST_F(CheckRemarks, NameACheckWhoseRunbookIsNotThere) {
    add_check("motd", "RB-GONE");
    EXPECT_THAT(remarks_on_checks(loaded), ElementsAre("check motd names runbook RB-GONE, which is not in runbooks"));
}

TEST_F(CheckRemarks, NameARunbookWhoseCheckIsNotThere) {
    add_check("motd", "");
    add_runbook("RB-OTHER", "other");
    EXPECT_THAT(remarks_on_checks(loaded), ElementsAre(AllOf(HasSubstr("RB-OTHER"), HasSubstr("check other"))));
}

TEST_F(CheckRemarks, NameARunbookThatTakesAValueWhichTheBaselineDoesNotHave) {
    add_check("motd", "");
    folder.write("RB-TAKES.yaml",
                 "id: RB-TAKES\nname: n\ndescription: d\ndisruptive: false\nsteps:\n"
                 "  - {action: unit.restart, unit: \"{{ baseline.custom.motd.unit }}\"}\n");
    loaded.runbooks = RunbookCatalogue::load(folder.path()).catalogue;
    EXPECT_THAT(remarks_on_checks(loaded), ElementsAre("runbook RB-TAKES can do nothing here: steps[1].unit: the "
                                                       "baseline has no custom.motd.unit"));
    loaded.baseline.declared =
        Value::object({{"custom", Value::object({{"motd", Value::object({{"unit", "a.service"}})}})}});
    EXPECT_THAT(remarks_on_checks(loaded), IsEmpty());
}

TEST_F(CheckRemarks, SayThatNothingIsLookedAtWithoutAnyCheck) {
    EXPECT_THAT(remarks_on_checks(loaded), ElementsAre(HasSubstr("baseline.yaml enables no check")));
}

}  // namespace
}  // namespace agent
