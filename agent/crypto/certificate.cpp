#include "crypto/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/openssl.hpp"
#include "crypto/pem.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

using GeneralNames = Handle<GENERAL_NAMES, &GENERAL_NAMES_free>;

std::string name_text(const X509_NAME* name) {
    const Bio bio{BIO_new(BIO_s_mem())};
    // Escaped as RFC 2253 wants, but UTF-8 stays readable.
    constexpr unsigned long format = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, format) < 0) return {};
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

WallTime time_of(const ASN1_TIME* time) {
    using namespace std::chrono;
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    const year_month_day date{year{parts.tm_year + 1900}, month{static_cast<unsigned>(parts.tm_mon) + 1},
                              day{static_cast<unsigned>(parts.tm_mday)}};
    return WallTime{sys_days{date}} + hours{parts.tm_hour} + minutes{parts.tm_min} + seconds{parts.tm_sec};
}

std::string asn1_text(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return {};
    const auto* made = inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
    return made == nullptr ? std::string{} : std::string{made};
}

void add_alternative_names(const X509* certificate, CertificateFacts& facts) {
    const GeneralNames names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    if (names == nullptr) return;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int kind = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        if (kind == GEN_URI) facts.uris.push_back(asn1_text(static_cast<const ASN1_STRING*>(value)));
        if (kind == GEN_DNS) facts.names.push_back(asn1_text(static_cast<const ASN1_STRING*>(value)));
        if (kind == GEN_IPADD) facts.names.push_back(address_text(static_cast<const ASN1_OCTET_STRING*>(value)));
    }
}

// Cuts `text` behind `prefix`; false if it does not begin so.
bool skip(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool is_segment(std::string_view text) { return is_name(text, 1, limits::name_length); }

std::optional<PeerIdentity> identity_in(std::string_view uri, std::string_view trust_domain) {
    if (trust_domain.empty() || !skip(uri, "spiffe://") || !skip(uri, trust_domain)) return std::nullopt;
    PeerIdentity identity;
    identity.trust_domain = trust_domain;
    if (skip(uri, "/operator/")) {
        if (!is_segment(uri)) return std::nullopt;
        identity.operator_name = uri;
        return identity;
    }
    if (!skip(uri, "/site/")) return std::nullopt;
    const auto end_of_site = uri.find('/');
    if (end_of_site == std::string_view::npos) return std::nullopt;
    const auto site = uri.substr(0, end_of_site);
    uri.remove_prefix(end_of_site);
    if (!skip(uri, "/host/") || !is_segment(site) || !is_segment(uri)) return std::nullopt;
    identity.site_id = site;
    identity.host_id = uri;
    return identity;
}

}  // namespace

CertificateFacts facts_of(const X509* certificate) {
    CertificateFacts facts;
    facts.subject = name_text(X509_get_subject_name(certificate));
    facts.issuer = name_text(X509_get_issuer_name(certificate));
    facts.not_before = time_of(X509_get0_notBefore(certificate));
    facts.not_after = time_of(X509_get0_notAfter(certificate));
    add_alternative_names(certificate, facts);
    ERR_clear_error();
    return facts;
}

Result<CertificateFacts> load_certificate(const std::filesystem::path& file) {
    AGENT_TRY(const auto pem, read_public_file(file));
    const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    const X509Handle certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    if (certificate == nullptr) {
        ERR_clear_error();
        return Error{Errc::untrusted,
                     file.string() + ": holds " + describe_pem(pem) + ", not a certificate in PEM (BEGIN CERTIFICATE)"};
    }
    return facts_of(certificate.get());
}

std::optional<PeerIdentity> identity_of(const CertificateFacts& facts, std::string_view trust_domain) {
    if (facts.uris.size() != 1) return std::nullopt;
    return identity_in(facts.uris.front(), trust_domain);
}

}  // namespace agent
