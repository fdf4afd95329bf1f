#include "net/client/trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/assert.h"
#include "net/peer.h"
#include "net/start_error.h"

namespace porchlight::net {
namespace {

ssl_ctx_st* new_context() {
    ERR_clear_error();
    auto* const context = SSL_CTX_new(TLS_client_method());
    ASSERT(context != nullptr);
    return context;
}

std::string last_tls_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    std::string text = reason != nullptr ? reason : "it has no certificate";
    ERR_clear_error();
    return text;
}

}  // namespace

trust::trust(const std::string& ca_file, bool verify) : context_(new_context()), verify_(verify) {
    SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context_);
    } else if (SSL_CTX_load_verify_file(context_, ca_file.c_str()) != 1) {
        const auto why = last_tls_error();
        SSL_CTX_free(context_);
        throw start_error("The file of certificate authorities " + ca_file +
                          " cannot be used: " + why);
    }
}

trust::~trust() {
    SSL_CTX_free(context_);
}

ssl_st* trust::session(const std::string& name) const {
    ERR_clear_error();
    auto* const session = SSL_new(context_);
    ASSERT(session != nullptr);
    auto* const expected = SSL_get0_param(session);
    bool possible = true;
    if (ip_address::parse(name)) {
        possible = X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1;
    } else {
        X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        possible = X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1 &&
                   SSL_set_tlsext_host_name(session, name.c_str()) == 1;
    }
    // An empty name would be one that no certificate is held against.
    if (name.empty() || !possible) {
        ERR_clear_error();
        SSL_free(session);
        return nullptr;
    }
    return session;
}

std::optional<std::string> certificate_complaint(const ssl_st* session) {
    const auto verdict = SSL_get_verify_result(session);
    if (verdict == X509_V_OK || SSL_get_verify_mode(session) == SSL_VERIFY_NONE) {
        return std::nullopt;
    }
    return X509_verify_cert_error_string(verdict);
}

bool holds_unread_bytes(const ssl_st* session) {
    return SSL_has_pending(session) == 1 || BIO_ctrl_pending(SSL_get_rbio(session)) > 0;
}

}  // namespace porchlight::net
