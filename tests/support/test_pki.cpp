#include "support/test_pki.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "base/handle.hpp"

namespace agent::testing {
namespace {

using Key = Handle<EVP_PKEY, &EVP_PKEY_free>;
using Certificate = Handle<X509, &X509_free>;
using Extension = Handle<X509_EXTENSION, &X509_EXTENSION_free>;
using Bio = Handle<BIO, &BIO_free>;

void must(bool done, const char* what) {
    if (!done) throw std::runtime_error{what};
}

std::string text_of(const Bio& bio) {
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Bio bio{BIO_new(BIO_s_mem())};
    must(PEM_write_bio_X509(bio.get(), certificate) == 1, "writing a certificate");
    return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
    const Bio bio{BIO_new(BIO_s_mem())};
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing a key");
    return text_of(bio);
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
    must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "adding an extension");
}

std::string subject_alternative_names(const CertificateRequest& request) {
    std::string text;
    const auto add = [&text](const char* kind, const std::vector<std::string>& values) {
        for (const auto& value : values) text += (text.empty() ? "" : ",") + std::string{kind} + value;
    };
    add("URI:", request.uris);
    add("DNS:", request.dns_names);
    add("IP:", request.addresses);
    return text;
}

void set_time(ASN1_TIME* field, WallTime time, std::chrono::days from_now) {
    const auto moment = time == WallTime{} ? std::chrono::system_clock::now() + from_now
                                           : std::chrono::system_clock::time_point{time.time_since_epoch()};
    must(ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(moment)) != nullptr, "setting a time");
}

// A certificate without extensions and signature.
Certificate draft(const CertificateRequest& request, EVP_PKEY* key, const X509_NAME* issuer) {
    Certificate certificate{X509_new()};
    must(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "making a certificate");
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    constexpr std::chrono::days year{365};
    set_time(X509_getm_notBefore(certificate.get()), request.not_before, -year);
    set_time(X509_getm_notAfter(certificate.get()), request.not_after, year);
    auto* subject = X509_get_subject_name(certificate.get());
    must(
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(request.common_name.c_str()), -1, -1, 0) == 1,
        "naming a certificate");
    must(X509_set_issuer_name(certificate.get(), issuer == nullptr ? subject : issuer) == 1, "naming the issuer");
    must(X509_set_pubkey(certificate.get(), key) == 1, "setting a key");
    return certificate;
}

}  // namespace

struct TestPki::Authority {
    Key key{EVP_EC_gen("P-256")};
    Certificate certificate;
};

TestPki::TestPki(const std::string& common_name) : authority_{std::make_unique<Authority>()} {
    CertificateRequest request;
    request.common_name = common_name;
    authority_->certificate = draft(request, authority_->key.get(), nullptr);
    auto* certificate = authority_->certificate.get();
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    must(X509_sign(certificate, authority_->key.get(), EVP_sha256()) > 0, "signing the CA");
}

TestPki::~TestPki() = default;

std::string TestPki::ca_pem() const { return pem_of(authority_->certificate.get()); }

std::filesystem::path TestPki::write_ca(const std::filesystem::path& file) const {
    std::ofstream{file, std::ios::binary} << ca_pem();
    return file;
}

IssuedCertificate TestPki::issue(const CertificateRequest& request) const {
    const Key key{EVP_EC_gen("P-256")};
    auto* issuer = authority_->certificate.get();
    const auto certificate = draft(request, key.get(), X509_get_subject_name(issuer));
    add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature");
    std::string usage = request.may_serve ? "serverAuth" : "";
    if (request.may_call) usage += usage.empty() ? "clientAuth" : ",clientAuth";
    if (!usage.empty()) add_extension(certificate.get(), issuer, NID_ext_key_usage, usage);
    const auto names = subject_alternative_names(request);
    if (!names.empty()) add_extension(certificate.get(), issuer, NID_subject_alt_name, names);
    must(X509_sign(certificate.get(), authority_->key.get(), EVP_sha256()) > 0, "signing a certificate");
    return {pem_of(certificate.get()), pem_of(key.get())};
}

IssuedCertificate TestPki::issue_server(const std::string& common_name) const {
    CertificateRequest request;
    request.common_name = common_name;
    request.dns_names = {"localhost"};
    request.addresses = {"127.0.0.1", "::1"};
    request.may_call = false;
    return issue(request);
}

IssuedCertificate TestPki::issue_host(const std::string& site_id, const std::string& host_id,
                                      const std::string& trust_domain) const {
    CertificateRequest request;
    request.common_name = host_id;
    request.uris = {"spiffe://" + trust_domain + "/site/" + site_id + "/host/" + host_id};
    request.may_serve = false;
    return issue(request);
}

IssuedCertificate TestPki::issue_operator(const std::string& name, const std::string& trust_domain) const {
    CertificateRequest request;
    request.common_name = name;
    request.uris = {"spiffe://" + trust_domain + "/operator/" + name};
    request.may_serve = false;
    return issue(request);
}

void IssuedCertificate::write(const std::filesystem::path& folder, const std::string& name) const {
    std::ofstream{folder / (name + ".pem"), std::ios::binary} << certificate_pem;
    const auto key_file = folder / (name + ".key");
    std::ofstream{key_file, std::ios::binary} << key_pem;
    std::filesystem::permissions(key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace agent::testing
