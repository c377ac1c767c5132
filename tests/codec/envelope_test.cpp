#include "codec/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "codec/json.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

// The example of the DSSE protocol document.
TEST(Envelope, EncodesWhatIsSignedLikeTheDsseDocument) {
    EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
              "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    EXPECT_EQ(pre_authentication_encoding("", ""), "DSSEv1 0  0 ");
    EXPECT_EQ(pre_authentication_encoding("é", std::string_view{"\0", 1}), std::string("DSSEv1 2 é 1 \0", 15));
}

TEST(Envelope, ReadsBackWhatItWrites) {
    const std::string payload{"{\"a\":\"\0é\"}", 11};
    const auto json = write_envelope(order_payload_type, payload, {{"k1", "signature 1"}, {"k2", "\xff\0\x01"}});
    const auto envelope = parse_envelope(json).value();
    EXPECT_EQ(envelope.payload_type, order_payload_type);
    EXPECT_EQ(envelope.payload, payload);
    ASSERT_EQ(envelope.signatures.size(), 2U);
    EXPECT_EQ(envelope.signatures[0].key_id, "k1");
    EXPECT_EQ(envelope.signatures[0].bytes, "signature 1");
    EXPECT_EQ(envelope.signatures[1].key_id, "k2");
    EXPECT_EQ(write_json(envelope.members), json);
}

TEST(Envelope, ReadsTheExampleOfTheDsseDocument) {
    const auto envelope = parse_envelope(R"({
        "payload": "aGVsbG8gd29ybGQ=",
        "payloadType": "http://example.com/HelloWorld",
        "signatures": [{"keyid": "", "sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]
    })")
                              .value();
    EXPECT_EQ(envelope.payload, "hello world");
    EXPECT_EQ(envelope.signatures.at(0).bytes.size(), 64U);
}

struct RefusedEnvelope {
    std::string_view json;
    std::string_view why;
};

TEST(Envelope, RefusesEverythingThatIsNotExactlyOne) {
    for (const auto& [json, why] : std::initializer_list<RefusedEnvelope>{
             {"[]", "the outermost value: not an object"},
             {"{}", "payloadType: missing"},
             {R"({"payloadType":"t","signatures":[]})", "payload: missing"},
             {R"({"payloadType":"t","payload":""})", "signatures: missing"},
             {R"({"payloadType":1,"payload":"","signatures":[]})", "payloadType: not a string"},
             {R"({"payloadType":"t","payload":null,"signatures":[]})", "payload: not a string"},
             {R"({"payloadType":"t","payload":"","signatures":{}})", "signatures: not an array"},
             {R"({"payloadType":"t","payload":"","signatures":[],"x":1})", "unknown member \"x\""},
             {R"({"payloadType":"t","payload":"","signatures":[1]})", "signatures[0]: not an object"},
             {R"({"payloadType":"t","payload":"","signatures":[{"sig":""}]})", "signatures[0].keyid: missing"},
             {R"({"payloadType":"t","payload":"","signatures":[{"keyid":""}]})", "signatures[0].sig: missing"},
             {R"({"payloadType":"t","payload":"","signatures":[{"keyid":"","sig":"","cert":""}]})",
              "signatures[0]: unknown member \"cert\""},
             {R"({"payloadType":"t","payload":"","signatures":[{"keyid":null,"sig":""}]})", "keyid: not a string"},
             {R"({"payloadType":"t","payload":"","payload":"","signatures":[]})", "duplicate member"},
         }) {
        const auto envelope = parse_envelope(json);
        ASSERT_FALSE(envelope) << json;
        EXPECT_EQ(envelope.error().code(), Errc::malformed);
        EXPECT_THAT(envelope.error().message(), HasSubstr(std::string{why}));
    }
}

TEST(Envelope, RefusesBase64OfAnyOtherSpelling) {
    for (const std::string bad :
         {"YQ", "YQ=", "YQ===", "YR==", "YWJ=", "Y Q==", "YQ==\\n", "-_8=", "YQ==YQ==", "=", "*"}) {
        EXPECT_FALSE(parse_envelope(R"({"payloadType":"t","payload":")" + bad + R"(","signatures":[]})")) << bad;
        EXPECT_FALSE(
            parse_envelope(R"({"payloadType":"t","payload":"","signatures":[{"keyid":"","sig":")" + bad + R"("}]})"))
            << bad;
    }
    EXPECT_TRUE(parse_envelope(R"({"payloadType":"t","payload":"YQ==","signatures":[]})"));
}

}  // namespace
}  // namespace agent
