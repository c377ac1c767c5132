// What goes out and what comes back, as text: requests, forms, dates, statuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "courier/answer_verdict.hpp"
#include "courier/http_time.hpp"
#include "courier/http_wire.hpp"
#include "courier/multipart.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(WriteRequest, HasHostWithPortAndLengthAndBody) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/api/evidence";
    request.headers = {{"X-Site-ID", "clinic-001"}};
    request.content_type = "text/plain";
    request.body = "hello";
    EXPECT_EQ(write_request(request, "orders.example.com:8443", "compliance-agent/1.0"),
              "POST /api/evidence HTTP/1.1\r\nHost: orders.example.com:8443\r\nUser-Agent: compliance-agent/1.0\r\n"
              "X-Site-ID: clinic-001\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}

TEST(WriteRequest, LetsNoValueStartAHeaderOfItsOwn) {
    HttpRequest request;
    request.method = "GET";
    request.target = "/";
    request.headers = {{"X-Site-ID", "a\r\nX-Evil: 1"}};
    EXPECT_EQ(write_request(request, "h:1", "u").find("\r\nX-Evil"), std::string::npos);
}

TEST(WriteConnect, CarriesCredentialsOnlyWhereThereAreSome) {
    Proxy proxy;
    EXPECT_EQ(write_connect("h:443", proxy, "u"), "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nUser-Agent: u\r\n\r\n");
    proxy.basic_credentials = "dTpw";
    EXPECT_THAT(write_connect("h:443", proxy, "u"), HasSubstr("\r\nProxy-Authorization: Basic dTpw\r\n"));
}

TEST(Authority, PutsBracketsAroundIpV6) {
    EXPECT_EQ(authority_of("2001:db8::1", 443), "[2001:db8::1]:443");
    EXPECT_EQ(authority_of("[2001:db8::1]", 443), "[2001:db8::1]:443");
    EXPECT_EQ(authority_of("orders.example.com", 8443), "orders.example.com:8443");
}

TEST(PercentEncode, KeepsUnreservedCharactersAlone) {
    EXPECT_EQ(percent_encode("aZ0-._~"), "aZ0-._~");
    EXPECT_EQ(percent_encode("a b&c=/?\xc3\xa4"), "a%20b%26c%3D%2F%3F%C3%A4");
}

OutgoingBundle bundle() {
    OutgoingBundle bundle;
    bundle.bytes = R"({"version":"1.1"})";
    bundle.signature.fill(std::byte{0x0D});  // a signature may hold line breaks
    return bundle;
}

TEST(UploadForm, HasBothPartsToTheByte) {
    const auto form = write_upload_form(bundle(), "B");
    EXPECT_EQ(form.content_type, "multipart/form-data; boundary=B");
    EXPECT_EQ(form.body,
              "--B\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"bundle.json\"\r\n"
              "Content-Type: application/json\r\n\r\n{\"version\":\"1.1\"}\r\n"
              "--B\r\nContent-Disposition: form-data; name=\"signature\"; filename=\"bundle.sig\"\r\n"
              "Content-Type: application/octet-stream\r\n\r\n" +
                  std::string(64, '\r') + "\r\n--B--\r\n");
}

TEST(UploadForm, ChoosesABoundaryThatIsRandomAndNotInTheBundle) {
    const auto first = choose_boundary(bundle());
    EXPECT_NE(first, choose_boundary(bundle()));
    EXPECT_GE(first.size(), 32U);
    EXPECT_LE(first.size(), 70U) << "RFC 2046";
}

TEST(HttpDate, ReadsAllThreeForms) {
    const auto expected = parse_rfc3339("1994-11-06T08:49:37Z").value();
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
}

TEST(HttpDate, RefusesAnythingElse) {
    for (const char* text : {"", "now", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 06 Nov"})
        EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(RetryAfter, IsSecondsOrADate) {
    const auto now = parse_rfc3339("1994-11-06T08:49:00Z").value();
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 37s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:00 GMT", now), 0s) << "a date gone by";
    EXPECT_GE(parse_retry_after("99999999999999999999999", now), Duration{24h});
    EXPECT_FALSE(parse_retry_after("-5", now));
    EXPECT_FALSE(parse_retry_after("soon", now));
}

TEST(RetryAfter, IsRelativeToTheServersOwnDate) {
    HttpAnswer answer;
    answer.retry_after = "Sun, 06 Nov 1994 08:49:37 GMT";
    answer.date = "Sun, 06 Nov 1994 08:49:07 GMT";
    EXPECT_EQ(retry_after_of(answer, WallTime{}), 30s);
    answer.date = "rubbish";
    EXPECT_EQ(retry_after_of(answer, parse_rfc3339("1994-11-06T08:49:27Z").value()), 10s);
}

TEST(Verdict, FollowsSectionSevenForPolls) {
    EXPECT_EQ(verdict_on_poll(200), AnswerVerdict::good);
    for (const int status : {401, 403}) EXPECT_EQ(verdict_on_poll(status), AnswerVerdict::denied) << status;
    for (const int status : {101, 201, 204, 302, 400, 404, 408, 422, 429, 500, 503})
        EXPECT_EQ(verdict_on_poll(status), AnswerVerdict::try_again) << status;
}

TEST(Verdict, FollowsSectionSevenForUploads) {
    for (const int status : {200, 201}) EXPECT_EQ(verdict_on_upload(status), AnswerVerdict::good) << status;
    for (const int status : {401, 403}) EXPECT_EQ(verdict_on_upload(status), AnswerVerdict::denied) << status;
    for (const int status : {101, 202, 204, 302, 408, 429, 500, 503, 600})
        EXPECT_EQ(verdict_on_upload(status), AnswerVerdict::try_again) << status;
    for (const int status : {400, 404, 409, 413, 415, 422, 499})
        EXPECT_EQ(verdict_on_upload(status), AnswerVerdict::bundle_bad) << status;
}

TEST(DescribeRefusal, QuotesReasonAndDetailOfAProblem) {
    HttpAnswer answer;
    answer.status = 422;
    answer.body = R"({"reason":"bad_signature","detail":"it does\nnot verify","title":"Unprocessable"})";
    EXPECT_EQ(describe_refusal(answer), R"(422 bad_signature: "it does\nnot verify")");
    answer.body = R"({"reason":"two\nlines"})";
    EXPECT_EQ(describe_refusal(answer), R"(422 "two\nlines")");
    answer.body = "<html>";
    EXPECT_EQ(describe_refusal(answer), "422 without a reason");
}

}  // namespace
}  // namespace agent
