// Which runbooks a signed catalogue leaves usable.
#include "healing/signed_catalogue.hpp"

#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "codec/envelope.hpp"
#include "crypto/digest.hpp"
#include "healing/runbook.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string looking(const std::string& id) {
    return "id: " + id + "\nname: a\ndescription: a\nsteps: [{action: check.run, checks: all}]\n";
}

class SignedCatalogue : public ::testing::Test {
protected:
    testing::TemporaryDirectory folder;
    PrivateKey key = PrivateKey::generate().value();
    RunbookList list;

    void SetUp() override {
        sign_as("a.yaml", "RB-A", looking("RB-A"));
        sign_as("below/b.yaml", "RB-B", looking("RB-B"));
    }
    void sign_as(const std::string& name, const std::string& id, const std::string& text) {
        folder.write(name, text);
        list.push_back({name, RunbookId{id}, sha256_hex(text)});
    }
    [[nodiscard]] RunbookCatalogue load() const {
        auto loaded = RunbookCatalogue::load(folder.path(), &list);
        for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.to_string();
        return std::move(loaded.catalogue);
    }
    [[nodiscard]] static std::vector<std::string> ids_of(const RunbookCatalogue& catalogue) {
        std::vector<std::string> ids;
        for (const auto& runbook : catalogue.all()) ids.push_back(runbook->id.str());
        return ids;
    }
    // "FILE: TEXT", files without the folder.
    [[nodiscard]] std::vector<std::string> refused_by(const RunbookCatalogue& catalogue) const {
        std::vector<std::string> told;
        for (const auto& refused : catalogue.refused())
            told.push_back(name_in_list(folder.path(), refused.fault.file) + ": " + refused.fault.text);
        return told;
    }
    [[nodiscard]] std::string payload_of(const std::string& lines) const { return "{\"runbooks\":[" + lines + "]}"; }
    [[nodiscard]] std::string sealed(const std::string& payload, std::string_view type = runbooks_payload_type) const {
        const auto signature = key.sign(pre_authentication_encoding(type, payload));
        return write_envelope(type, payload, {{key.public_key().key_id().str(), std::string{text_of(signature)}}});
    }
    [[nodiscard]] std::string why_not(const std::string& envelope) const {
        const auto opened = open_catalogue(envelope, {key.public_key()});
        return opened.has_error() ? opened.error().message() : "";
    }
};

TEST_F(SignedCatalogue, LeavesWhatItListsUsable) {
    const auto catalogue = load();
    EXPECT_THAT(ids_of(catalogue), ElementsAre("RB-A", "RB-B"));
    EXPECT_TRUE(catalogue.refused().empty());
    EXPECT_EQ(catalogue.why_refused(RunbookId{"RB-A"}), nullptr);
}

TEST_F(SignedCatalogue, RefusesARunbookThatWasEditedAndNamesBothDigests) {
    const auto edited = looking("RB-A") + "# harmless?\n";
    folder.write("a.yaml", edited);
    const auto catalogue = load();
    EXPECT_THAT(ids_of(catalogue), ElementsAre("RB-B"));
    EXPECT_THAT(refused_by(catalogue),
                ElementsAre(AllOf(HasSubstr("a.yaml: not as signed"), HasSubstr(sha256_hex(edited)),
                                  HasSubstr(sha256_hex(looking("RB-A"))), HasSubstr("RB-A"))));
    ASSERT_NE(catalogue.why_refused(RunbookId{"RB-A"}), nullptr);
    EXPECT_EQ(catalogue.why_refused(RunbookId{"RB-B"}), nullptr);
}

TEST_F(SignedCatalogue, DoesNotEvenParseWhatItDoesNotList) {
    folder.write("a.yaml", "id: [\n");
    folder.write("new.yaml", "&x [*x, *x\n");
    const auto catalogue = load();
    EXPECT_THAT(ids_of(catalogue), ElementsAre("RB-B"));
    EXPECT_THAT(refused_by(catalogue),
                ElementsAre(HasSubstr("a.yaml: not as signed"), HasSubstr("new.yaml: not in the signed catalogue")));
}

TEST_F(SignedCatalogue, RefusesFilesThatSwappedTheirNames) {
    folder.write("a.yaml", looking("RB-B"));
    folder.write("below/b.yaml", looking("RB-A"));
    const auto catalogue = load();
    EXPECT_TRUE(catalogue.all().empty());
    EXPECT_EQ(catalogue.refused().size(), 2U);
}

TEST_F(SignedCatalogue, RefusesACopyUnderAnotherName) {
    folder.write("copy.yaml", looking("RB-A"));
    const auto catalogue = load();
    EXPECT_THAT(ids_of(catalogue), ElementsAre("RB-A", "RB-B"));
    EXPECT_THAT(refused_by(catalogue), ElementsAre(HasSubstr("copy.yaml: not in the signed catalogue")));
}

TEST_F(SignedCatalogue, MissesWhatItListsAndIsNotThere) {
    std::filesystem::remove(folder.path() / "below/b.yaml");
    const auto catalogue = load();
    EXPECT_THAT(refused_by(catalogue), ElementsAre(HasSubstr("below/b.yaml: in the signed catalogue, but not there")));
    ASSERT_NE(catalogue.why_refused(RunbookId{"RB-B"}), nullptr);
}

TEST_F(SignedCatalogue, RefusesARunbookWithAnotherIdThanItWasSignedFor) {
    list[0].id = RunbookId{"RB-OTHER"};
    const auto catalogue = load();
    EXPECT_THAT(ids_of(catalogue), ElementsAre("RB-B"));
    EXPECT_THAT(refused_by(catalogue), ElementsAre(HasSubstr("its id is RB-A")));
}

TEST_F(SignedCatalogue, ComesBackAsItWasSigned) {
    std::vector<PrivateKey> keys;
    keys.push_back(PrivateKey::generate().value());
    const auto moment = parse_rfc3339("2026-11-29T12:00:00.250Z").value();
    const auto envelope = sign_catalogue(list, moment, keys);
    const auto opened = open_catalogue(envelope, {key.public_key(), keys[0].public_key()});
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    ASSERT_EQ(opened.value().list.size(), 2U);
    EXPECT_EQ(opened.value().issued_at, moment);
    EXPECT_EQ(opened.value().list[1].file, "below/b.yaml");
    EXPECT_EQ(opened.value().list[1].id, RunbookId{"RB-B"});
    EXPECT_EQ(opened.value().list[1].sha256, list[1].sha256);
    EXPECT_EQ(sign_catalogue(list, moment, keys), envelope);
}

TEST_F(SignedCatalogue, NeedNotSayWhenItWasSigned) {
    const auto opened = open_catalogue(sealed(payload_of("")), {key.public_key()});
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    EXPECT_FALSE(opened.value().issued_at);
}

TEST_F(SignedCatalogue, CountsOnlyAConfiguredKeyAndNoBadSignatureInItsName) {
    const auto payload = payload_of("");
    const auto stranger = PrivateKey::generate().value();
    const auto to_sign = pre_authentication_encoding(runbooks_payload_type, payload);
    const auto seal = [&](const PrivateKey& named, const PrivateKey& with) {
        return EnvelopeSignature{named.public_key().key_id().str(), std::string{text_of(with.sign(to_sign))}};
    };
    const auto why = [&](const std::vector<EnvelopeSignature>& signatures) {
        return why_not(write_envelope(runbooks_payload_type, payload, signatures));
    };
    EXPECT_EQ(why({seal(key, key)}), "");
    EXPECT_EQ(why({seal(stranger, stranger), seal(key, key)}), "");
    EXPECT_THAT(why({}), HasSubstr("no signature is of a key in healing.catalogue_keys"));
    EXPECT_THAT(why({seal(stranger, stranger)}),
                AllOf(HasSubstr("it is signed by"), HasSubstr(stranger.public_key().key_id().str())));
    EXPECT_THAT(why({seal(key, stranger)}), HasSubstr("the signature of key"));
    EXPECT_THAT(why({seal(key, key), seal(key, stranger)}), HasSubstr("is bad"));
}

TEST_F(SignedCatalogue, IsRefusedWhereItIsOfAnotherTypeOrCutOrNotWhatWasSigned) {
    const auto payload = payload_of("");
    EXPECT_THAT(why_not(sealed(payload, order_payload_type)), HasSubstr("payloadType"));
    const auto whole = sealed(payload);
    ASSERT_EQ(why_not(whole), "");
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_THAT(why_not(whole.substr(0, length)), HasSubstr("not the whole of one")) << length;
    const auto signature = key.sign(pre_authentication_encoding(order_payload_type, payload));
    const EnvelopeSignature of_an_order{key.public_key().key_id().str(), std::string{text_of(signature)}};
    EXPECT_THAT(why_not(write_envelope(runbooks_payload_type, payload, {of_an_order})), HasSubstr("is bad"));
}

TEST_F(SignedCatalogue, IsRefusedWithAListThatIsNotOne) {
    const std::string digest(64, 'a');
    const auto line = [&](const std::string& file, const std::string& id) {
        return R"({"file":")" + file + R"(","id":")" + id + R"(","sha256":")" + digest + "\"}";
    };
    ASSERT_EQ(why_not(sealed(payload_of(line("a", "RB-A") + ',' + line("b", "RB-B")))), "");
    const std::vector<std::pair<std::string, std::string>> table{
        {"[]", "object"},
        {"{}", "runbooks"},
        {R"({"runbooks":{}})", "runbooks"},
        {R"({"runbooks":[],"more":1})", "more"},
        {R"({"runbooks":[],"issued_at":null})", "issued_at"},
        {R"({"runbooks":[],"issued_at":1})", "issued_at"},
        {R"({"runbooks":[],"issued_at":"2026-11-29"})", "issued_at"},
        {R"({"runbooks":[],"issued_at":"2026-11-29T12:00:00+01:00"})", "issued_at"},
        {payload_of(line("a", "RB-A") + ',' + line("a", "RB-B")), "runbooks[1]: its file or its id is listed already"},
        {payload_of(line("a", "RB-A") + ',' + line("b", "RB-A")), "runbooks[1]: its file or its id is listed already"},
        {payload_of(line("a", "a")), "runbooks[0].id"},
        {payload_of(R"({"file":"a","id":"RB-A","sha256":"A"})"), "runbooks[0].sha256"},
        {payload_of(R"({"file":"a","id":"RB-A"})"), "sha256"},
        {payload_of("{\"file\":\"a\",\"file\":\"b\",\"id\":\"RB-A\",\"sha256\":\"" + digest + "\"}"), "file"},
    };
    for (const auto& [payload, why] : table) EXPECT_THAT(why_not(sealed(payload)), HasSubstr(why)) << payload;
}

TEST_F(SignedCatalogue, ThatIsNotToBeTrustedLeavesNoRunbook) {
    const auto none = RunbookCatalogue::refusing_all({"agent.yaml", 3, "healing.catalogue", "the signature is bad"});
    EXPECT_TRUE(none.all().empty());
    ASSERT_NE(none.why_refused(RunbookId{"RB-A"}), nullptr);
    EXPECT_EQ(none.why_refused(RunbookId{"RB-A"})->to_string(),
              "agent.yaml:3: healing.catalogue: the signature is bad");
}

}  // namespace
}  // namespace agent
