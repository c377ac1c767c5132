#include "evidence/verify.hpp"

#include <fstream>
#include <iterator>

#include "crypto/digest.hpp"
#include "evidence/export.hpp"
#include "evidence_fixture.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string read(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
void write(const fs::path& file, std::string_view bytes) { std::ofstream{file, std::ios::binary} << bytes; }
void flip(const fs::path& file, std::size_t at) {
    auto bytes = read(file);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    write(file, bytes);
}

// Five bundles, each with its receipt, exported.
class VerifyTest : public testing::EvidenceTest {
protected:
    VerifyTest() {
        for (int i = 0; i < 5; ++i) {
            time.advance(std::chrono::hours{12});
            bundles.push_back(record());
            acknowledge(bundles.back().bundle_id);
        }
        const auto figures = export_evidence(store->evidence(), out);
        EXPECT_TRUE(figures.has_value()) << figures.error().message();
        request.directory = out;
        request.host_keys = {host_key.public_key()};
        request.receipt_keys = {server_key.public_key()};
        request.head = VerifyRequest::Head{5, bundles[4].sha256};
    }
    fs::path folder_of(std::size_t index) const {
        for (const auto& entry : fs::recursive_directory_iterator{out})
            if (entry.path().filename() == bundles.at(index).bundle_id.str()) return entry.path();
        throw std::runtime_error{"not exported"};
    }
    const std::string& id(std::size_t index) const { return bundles.at(index).bundle_id.str(); }
    VerifyAccount verify() {
        auto account = verify_evidence(request);
        if (account.has_error()) throw std::runtime_error{account.error().message()};
        return std::move(account).value();
    }
    // Exactly one fault: of this bundle, of this kind, for a reason with these words.
    void expect_fault(const std::string& bundle, const std::string& what, const std::string& why) {
        EXPECT_THAT(verify().faults, ElementsAre(::testing::AllOf(Field(&EvidenceFault::bundle, HasSubstr(bundle)),
                                                                  Field(&EvidenceFault::what, what),
                                                                  Field(&EvidenceFault::why, HasSubstr(why)))));
    }

    fs::path out{folder.path() / "export"};
    std::vector<Recorded> bundles;
    VerifyRequest request;
};

TEST_F(VerifyTest, AnUntouchedExportVerifies) {
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_THAT(account.remarks, IsEmpty());
    EXPECT_EQ(account.bundles, 5);
    EXPECT_EQ(account.verified, 5);
    EXPECT_EQ(account.receipts, 5);
    EXPECT_EQ(account.epochs, 1);
    EXPECT_EQ(account.first_sequence, 1);
    EXPECT_EQ(account.last_sequence, 5);
}

TEST_F(VerifyTest, TheFoldersAreDaysOfTheEndInUtc) {
    EXPECT_EQ(folder_of(0).lexically_relative(out).parent_path(), fs::path{"2023/11/15"});
    EXPECT_EQ(folder_of(1).lexically_relative(out).parent_path(), fs::path{"2023/11/15"});
    EXPECT_EQ(folder_of(2).lexically_relative(out).parent_path(), fs::path{"2023/11/16"});
}

TEST_F(VerifyTest, ExportingAgainChangesNothingButAddsWhatIsNew) {
    const auto again = export_evidence(store->evidence(), out).value();
    EXPECT_EQ(again.bundles, 5);
    EXPECT_EQ(again.unchanged, 5);
    const auto sixth = record();
    ASSERT_TRUE(export_evidence(store->evidence(), out).has_value());
    EXPECT_EQ(verify().receipts, 5);
    acknowledge(sixth.bundle_id);
    EXPECT_EQ(export_evidence(store->evidence(), out).value().unchanged, 5);
    EXPECT_EQ(verify().receipts, 6);
}

TEST_F(VerifyTest, AnExportIsNeverOverwritten) {
    flip(folder_of(0) / "bundle.json", 5);
    const auto refused = export_evidence(store->evidence(), out);
    ASSERT_TRUE(refused.has_error());
    EXPECT_THAT(refused.error().message(), HasSubstr(id(0)));
}

TEST_F(VerifyTest, AFlippedByteInABundleIsFound) {
    auto bytes = read(folder_of(4) / "bundle.json");
    const auto at = bytes.find("\"success\"");
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, 9, "\"alert\"");
    write(folder_of(4) / "bundle.json", bytes);
    const auto faults = verify().faults;
    EXPECT_THAT(faults, ElementsAre(::testing::AllOf(Field(&EvidenceFault::bundle, id(4)),
                                                     Field(&EvidenceFault::what, "signature"))));
    EXPECT_EQ(verify().verified, 4);
}

TEST_F(VerifyTest, EveryByteOfABundleCounts) {
    const auto file = folder_of(4) / "bundle.json";
    const auto size = fs::file_size(file);
    for (std::size_t at = 0; at < size; at += 13) {
        flip(file, at);
        EXPECT_THAT(verify().faults, ::testing::Not(IsEmpty())) << "byte " << at;
        flip(file, at);
    }
    EXPECT_THAT(verify().faults, IsEmpty());
}

TEST_F(VerifyTest, AFlippedByteInASignatureIsFound) {
    flip(folder_of(2) / "bundle.sig", 10);
    expect_fault(id(2), "signature", "does not verify");
}

TEST_F(VerifyTest, AShortSignatureIsFound) {
    fs::resize_file(folder_of(2) / "bundle.sig", 63);
    expect_fault(id(2), "signature", "63 bytes");
}

TEST_F(VerifyTest, AMissingSignatureIsFound) {
    fs::remove(folder_of(2) / "bundle.sig");
    expect_fault(id(2), "file", "bundle.sig is missing");
}

TEST_F(VerifyTest, AChangedBundleIsOneFaultUnderItsFolderAndNoneOfItsNeighbours) {
    const auto file = folder_of(2) / "bundle.json";
    const auto whole = read(file);
    fs::resize_file(file, 100);
    expect_fault(id(2), "signature", "the signature does not verify: bundle.json or bundle.sig was changed");
    for (const auto* place : {"\"bundle_id\":\"", "\"sequence\":"}) {
        write(file, whole);
        const auto at = whole.find(place);
        ASSERT_NE(at, std::string::npos) << place;
        flip(file, at + std::string_view{place}.size());
        expect_fault(id(2), "signature", "does not verify");
    }
}

TEST_F(VerifyTest, AChangedBundleExplainsNoMoreThanOneMissingPlace) {
    fs::resize_file(folder_of(0) / "bundle.json", 100);
    fs::remove_all(folder_of(2));
    EXPECT_THAT(verify().faults, ElementsAre(Field(&EvidenceFault::bundle, id(0)),
                                             ::testing::AllOf(Field(&EvidenceFault::bundle, id(3)),
                                                              Field(&EvidenceFault::why, HasSubstr("sequence 3")))));
}

TEST_F(VerifyTest, ARemovedBundleLeavesAHole) {
    fs::remove_all(folder_of(2));
    expect_fault(id(3), "chain", "sequence 3 is missing");
}

TEST_F(VerifyTest, ARemovedBeginningIsAHole) {
    fs::remove_all(folder_of(0));
    fs::remove_all(folder_of(1));
    expect_fault(id(2), "chain", "sequences 1 to 2 are missing");
}

TEST_F(VerifyTest, ARemovedTailIsFoundByTheHeadAndOnlyByIt) {
    fs::remove_all(folder_of(4));
    expect_fault("-", "head", "ends at sequence 4");
    request.head.reset();
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_THAT(account.remarks, Contains(HasSubstr("no head was given")));
}

TEST_F(VerifyTest, AHeadWithinTheChainIsThere) {
    request.head = VerifyRequest::Head{3, bundles[2].sha256};
    EXPECT_THAT(verify().faults, IsEmpty());
}

TEST_F(VerifyTest, AHeadOfOtherBytesIsFound) {
    request.head->sha256 = bundles[3].sha256;
    expect_fault(id(4), "head", "the server knows");
}

TEST_F(VerifyTest, SwappedReceiptsAreFound) {
    const auto first = read(folder_of(0) / "receipt.json");
    write(folder_of(0) / "receipt.json", read(folder_of(1) / "receipt.json"));
    write(folder_of(1) / "receipt.json", first);
    const auto faults = verify().faults;
    ASSERT_EQ(faults.size(), 2U);
    for (const auto& fault : faults) {
        EXPECT_EQ(fault.what, "receipt");
        EXPECT_THAT(fault.why, HasSubstr("another bundle"));
    }
}

TEST_F(VerifyTest, AReceiptWithoutItsBundleIsFound) {
    fs::remove(folder_of(4) / "bundle.json");
    fs::remove(folder_of(4) / "bundle.sig");
    request.head.reset();
    expect_fault(id(4), "file", "a receipt without its bundle");
}

TEST_F(VerifyTest, AReceiptAloneIsAFaultAndNotNothing) {
    const auto receipt = read(folder_of(4) / "receipt.json");
    fs::remove_all(out);
    fs::create_directories(out / "2023/11/17" / id(4));
    write(out / "2023/11/17" / id(4) / "receipt.json", receipt);
    request.head.reset();
    expect_fault(id(4), "file", "a receipt without its bundle");
}

TEST_F(VerifyTest, AMissingReceiptIsARemark) {
    fs::remove(folder_of(1) / "receipt.json");
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_THAT(account.remarks, ElementsAre("without a receipt: 1 of 5 bundles"));
    EXPECT_EQ(account.receipts, 4);
}

TEST_F(VerifyTest, AReceiptOfAnUnknownServerIsFound) {
    request.receipt_keys = {new_key().public_key()};
    EXPECT_EQ(verify().faults.size(), 5U);
}

TEST_F(VerifyTest, WithoutReceiptKeysItSaysThatReceiptsWereNotVerified) {
    request.receipt_keys.clear();
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_THAT(account.remarks, Contains(HasSubstr("receipts were not verified")));
    EXPECT_EQ(account.receipts, 0);
}

TEST_F(VerifyTest, AnotherHostsKeyVerifiesNothing) {
    request.host_keys = {new_key().public_key()};
    const auto account = verify();
    EXPECT_EQ(account.verified, 0);
    EXPECT_EQ(account.faults.size(), 5U);
    EXPECT_THAT(account.faults[0].why, HasSubstr("not among the given ones"));
}

TEST_F(VerifyTest, AnEmptyBundleFolderIsFound) {
    for (const auto* name : {"bundle.json", "bundle.sig", "receipt.json"}) fs::remove(folder_of(4) / name);
    request.head.reset();
    expect_fault(id(4), "file", "bundle.json is missing");
}

TEST_F(VerifyTest, AStrayFileIsFound) {
    write(folder_of(1) / "notes.txt", "hello");
    expect_fault("notes.txt", "file", "does not belong");
}

TEST_F(VerifyTest, ALinkIsFound) {
    const auto file = folder_of(4) / "receipt.json";
    fs::rename(file, folder.path() / "elsewhere");
    fs::create_symlink(folder.path() / "elsewhere", file);
    expect_fault("receipt.json", "file", "no regular file");
}

TEST_F(VerifyTest, ABundleUnderAnotherNameIsFound) {
    fs::rename(folder_of(1), folder_of(1).parent_path() / "0f0e0d0c-0b0a-4900-8807-060504030201");
    expect_fault(id(1), "file", "its folder is named");
}

TEST_F(VerifyTest, ACopyOfABundleTakesItsSequenceTwice) {
    const auto copy = out / "2023/12/01" / id(4);
    fs::create_directories(copy);
    for (const auto* name : {"bundle.json", "bundle.sig", "receipt.json"})
        fs::copy_file(folder_of(4) / name, copy / name);
    expect_fault(id(4), "chain", "taken twice");
}

TEST_F(VerifyTest, TheFolderOfAnotherDayIsOnlyARemark) {
    fs::create_directories(out / "2024/01/01");
    fs::rename(folder_of(4), out / "2024/01/01" / id(4));
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_THAT(account.remarks, Contains(HasSubstr("another day")));
}

TEST_F(VerifyTest, TwoEpochsVerifyEachFromItsBeginning) {
    time.advance(std::chrono::hours{1});
    auto second = open_state(folder.path() / "second", time.wall);
    Recorder after{*second, time, host_key, testing::speaker()};
    const auto first_of_second = after.record(draft()).value();
    ASSERT_TRUE(after.record(draft()).has_value());
    ASSERT_TRUE(export_evidence(second->evidence(), out).has_value());
    const auto account = verify();
    EXPECT_THAT(account.faults, IsEmpty());
    EXPECT_EQ(account.epochs, 2);
    EXPECT_EQ(account.bundles, 7);
    EXPECT_EQ(account.last_sequence, 2) << "of the epoch that ends last";
    EXPECT_THAT(account.remarks, Contains(HasSubstr("whether the tail of epoch")));
    for (const auto& entry : fs::recursive_directory_iterator{out})
        if (entry.path().filename() == first_of_second.bundle_id.str()) {
            fs::remove_all(entry.path());
            break;
        }
    EXPECT_THAT(verify().faults, ElementsAre(Field(&EvidenceFault::why, HasSubstr("sequence 1 is missing"))));
}

TEST_F(VerifyTest, NothingToVerifyIsNotFound) {
    testing::TemporaryDirectory empty;
    request.directory = empty.path();
    EXPECT_EQ(verify_evidence(request).error().code(), Errc::not_found);
    request.directory = empty.path() / "missing";
    EXPECT_EQ(verify_evidence(request).error().code(), Errc::not_found);
}

}  // namespace
}  // namespace agent
