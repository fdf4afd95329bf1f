#include "unit/net/test_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <memory>

#include "net/peer.h"
#include "unit/net/freed_by.h"

namespace porchlight::net::test {
namespace {
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using cert_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;
}  // namespace

certificate::certificate(const std::string& name) {
    std::string pattern = std::filesystem::temp_directory_path() / "porchlight-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    write(name);
}

certificate::~certificate() {
    std::filesystem::remove_all(folder_);
}

void certificate::write(const std::string& name) const {
    const key_ptr key(EVP_EC_gen("P-256"));
    const cert_ptr cert(X509_new());
    X509_set_version(cert.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
    X509_set_pubkey(cert.get(), key.get());
    auto* const subject = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert.get(), subject);
    const auto alternative = (ip_address::parse(name) ? "IP:" : "DNS:") + name;
    const extension_ptr names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str()));
    X509_add_ext(cert.get(), names.get(), -1);
    X509_sign(cert.get(), key.get(), EVP_sha256());
    const file_ptr cert_out(std::fopen(cert_file().c_str(), "w"));
    PEM_write_X509(cert_out.get(), cert.get());
    const file_ptr key_out(std::fopen(key_file().c_str(), "w"));
    PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace porchlight::net::test
