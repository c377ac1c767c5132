// What may never be kept, and what must not be lost to caution.
#include "healing/mask_secrets.hpp"

#include <sys/stat.h>

#include "drift/backup/backup_check.hpp"
#include "healing/kept_output.hpp"
#include "healing/known_secrets.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

struct Masked {
    std::string text;
    std::string kept;
};

TEST(MaskedSecrets, AreGoneAndTheRestStays) {
    const std::vector<Masked> table{
        {"mysql --password=hunter2 -h db", "mysql --password=*** -h db"},
        {"DB_PASS=hunter2 start", "DB_PASS=*** start"},
        {"AWS_SECRET_ACCESS_KEY=abc/def+1", "AWS_SECRET_ACCESS_KEY=***"},
        {"RESTIC_PASSWORD='correct horse' restic", "RESTIC_PASSWORD='***' restic"},
        {R"(passphrase="a \" b" x)", R"(passphrase="***" x)"},
        {"GET /?token=abc&user=1 200", "GET /?token=*** 200"},
        {R"({"user":"ann","password":"x, y","n":1})", R"({"user":"ann","password":"***","n":1})"},
        {R"({"api_key": 12345, "n": 1})", R"({"api_key": ***, "n": 1})"},
        {"  password: correct horse battery\nnext: 1", "  password: ***\nnext: 1"},
        {"client_secret = abc", "client_secret = ***"},
        {"accessToken=abc def", "accessToken=*** def"},
        {"Authorization: Bearer abc.def.ghi", "Authorization: ***"},
        {"> authorization: token", "> authorization: ***"},
        {"sent Authorization: Basic dXNlcjpwYXNz\nok", "sent Authorization: ***\nok"},
        {"curl -H 'Authorization: Bearer abc' https://x", "curl -H 'Authorization: ***' https://x"},
        {"Set-Cookie: id=1; HttpOnly\r\nDate: now\r\n", "Set-Cookie: ***\r\nDate: now\r\n"},
        {"cloning https://ann:hunter2@example.org/x", "cloning https://ann:***@example.org/x"},
        {"a\n-----BEGIN PRIVATE KEY-----\nMIIE\nabcd\n-----END PRIVATE KEY-----\nb",
         "a\n-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\nb"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nMIIE", "-----BEGIN OPENSSH PRIVATE KEY-----\n***\n"},
        {"words here\nMIIE\nabcd==\n-----END RSA PRIVATE KEY-----\nb",
         "words here\n***\n-----END RSA PRIVATE KEY-----\nb"},
        {"x -----BEGIN PGP PRIVATE KEY BLOCK-----\n\nabc\n-----END PGP PRIVATE KEY BLOCK-----",
         "x -----BEGIN PGP PRIVATE KEY BLOCK-----\n***\n-----END PGP PRIVATE KEY BLOCK-----"},
    };
    for (const auto& row : table) {
        EXPECT_EQ(mask_secrets(row.text), row.kept);
        EXPECT_EQ(mask_secrets(row.kept), row.kept) << "a second time changes nothing";
    }
}

TEST(MaskedSecrets, AreNoOrdinaryLines) {
    const std::vector<std::string> table{
        "",
        "\n\n",
        "Failed password for root from 192.0.2.1 port 22 ssh2",
        "PasswordAuthentication yes",
        "error: unexpected token: ')' at line 3",
        "password_file=/etc/backup/password tokens=5",
        "Jan 31 09:30:00 host sshd[1]: pam_unix(sshd:auth): password expired for user ann",
        "PWD=/root bypass=1 compass=north",
        "password = yes",
        "token=none secret=false",
        "if (token == x) return",
        "https://example.org:8080/a@b?c=d",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----\n",
        "Get:1 http://deb.debian.org bookworm/main amd64 passwd amd64 1:4.13 [972 kB]",
        "polkitd: authorization: denied for unix-session:2",
        "a=b=c: d = e \"f\": 'g",
        "=:=:=:",
        "password=",
        "secret:",
        "# mount:/: what is below / is not encrypted: it lies open on sda",
    };
    for (const auto& line : table) EXPECT_EQ(mask_secrets(line), line);
}

// Whatever stands around it, and wherever it is cut, nothing of a secret is kept.
TEST(MaskedSecrets, AreFoundInEverySettingAndAtEveryCut) {
    const std::string secret = "Zq7vKx2mWp9sTd4h";
    const std::vector<std::string> forms{"password=" + secret + "\n",         "\"token\": \"" + secret + "\",\n",
                                         "X-Api-Key: " + secret + "\n",       "Authorization: Bearer " + secret + "\n",
                                         "https://ann:" + secret + "@host/ ", "PGPASSWORD='" + secret + "'\n"};
    const std::vector<std::string> around{"", " ", "\n", "a: b=c ", "[\"x\"] ", "= : ' ", "\xff\xfe ", "--", "\t- "};
    for (const auto& form : forms)
        for (const auto& before : around)
            for (const auto& after : around) {
                // A header without a scheme is one only where a line or a quote begins.
                const bool begins = before.find_first_not_of(" \n\t-") == std::string::npos;
                if (form.starts_with("X-Api-Key") && !begins) continue;
                const auto kept = mask_secrets(before + form + after);
                EXPECT_EQ(kept.find(secret), std::string::npos) << before + form + after;
            }
    for (const auto& form : forms)
        for (std::size_t at = 4000; at < 4200; at += 3) {
            ActionTaken taken;
            keep_output(std::string(at, '.') + "\n" + form + std::string(6000, '.') + "\n", taken);
            for (std::size_t part = 0; part + 5 <= secret.size(); ++part) {
                EXPECT_EQ(taken.output_head.find(secret.substr(part, 5)), std::string::npos) << form << at;
                EXPECT_EQ(taken.output_tail.find(secret.substr(part, 5)), std::string::npos) << form << at;
            }
        }
}

TEST(MaskedSecrets, ThatCapturingCutApartAreLeftOutWithTheirLine) {
    CommandExit exit;
    exit.standard_output.head = "begin\npassword=hun";
    exit.standard_output.tail = "ter2 rest of the line\nlast line\n";
    exit.standard_output.dropped = 100;
    ActionTaken taken;
    keep_output(exit, taken);
    EXPECT_EQ(taken.output_head, "begin\npassword=***\n[122 bytes left out]\nlast line\n");
}

TEST(KnownSecretValues, AreMaskedWholeAndCutApart) {
    KnownSecrets secrets;
    secrets.add("correct horse");
    secrets.add("correct horse battery");
    secrets.add("short");
    StepOutcome outcome;
    outcome.why = "opened with correct horse battery, short of it";
    outcome.taken.output_head = "a correct horse b\nends with correct h";
    outcome.taken.output_tail = "orse battery begins\n[5 bytes left out]\nrect horse c correct horse battery";
    secrets.mask_in(outcome);
    EXPECT_EQ(outcome.why, "opened with ***, short of it");
    EXPECT_EQ(outcome.taken.output_head, "a *** b\nends with ***");
    EXPECT_EQ(outcome.taken.output_tail, "*** begins\n[5 bytes left out]\n*** c ***");
    outcome.taken.output_tail.clear();
    outcome.taken.output_head = "all is correct";
    secrets.mask_in(outcome);
    EXPECT_EQ(outcome.taken.output_head, "all is correct") << "nothing was cut there";
}

using SecretsOfARun = HealingTest;

TEST_F(SecretsOfARun, ThatTheBaselineNamesAreMaskedInWhatAStepPrints) {
    BackupBaseline backup;
    backup.common.name = CheckName{"backup_verification"};
    backup.kind = BackupKind::restic;
    backup.password_file = folder.write("password", "correct horse battery\n");
    backup.environment_file = folder.write("environment", "# storage\nB2_ACCOUNT_ID='0123456789'\n");
    ::chmod(backup.environment_file->c_str(), 0600);
    auto declared = std::make_shared<Baseline>();
    declared->checks.push_back(std::make_shared<BackupCheck>(backup, BackupHost{"here"}));
    baseline = declared;
    const auto draft = apply(runbook("steps:\n  - {action: command.run, argv: [/bin/cat, " + target("password") + ", " +
                                     target("environment") + "]}\n"));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(draft.action_taken.at(0).output_head, "***\n# storage\nB2_ACCOUNT_ID='***'\n");
}

}  // namespace
}  // namespace agent::testing
