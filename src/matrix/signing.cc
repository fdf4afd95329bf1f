#include "matrix/signing.h"

#include <sodium.h>

#include <algorithm>

#include "base/assert.h"
#include "matrix/base64.h"

namespace porchlight::matrix {

namespace {

constexpr std::string_view algorithm = "ed25519";
constexpr std::size_t version_bytes_max = 64;

static_assert(crypto_sign_ed25519_SEEDBYTES == signing_key::seed_bytes);
static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == 32);
static_assert(crypto_sign_ed25519_SECRETKEYBYTES == 64);

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_version(std::string_view version) {
    return !version.empty() && version.size() <= version_bytes_max &&
           std::ranges::all_of(version, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

// The first word of `line`, which is cut off it.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r\n"), line.size()));
    const auto word = line.substr(0, line.find_first_of(" \t\r\n"));
    line.remove_prefix(word.size());
    return word;
}

// The member, made when it is missing; null when it is something else.
json::object* object_at(json::object& o, std::string_view key) {
    return o.emplace(key, json::object{}).first->value().if_object();
}

}  // namespace

bool is_signing_key_id(std::string_view key_id) {
    return key_id.starts_with("ed25519:") && is_version(key_id.substr(algorithm.size() + 1));
}

std::optional<verify_key> verify_key::from_base64(std::string_view text) {
    const auto bytes = matrix::from_base64(text);
    verify_key key;
    if (!bytes || bytes->size() != key.bytes_.size()) {
        return std::nullopt;
    }
    std::ranges::copy(*bytes, key.bytes_.begin());
    return key;
}

std::string verify_key::to_base64() const {
    return matrix::to_base64(bytes_);
}

bool verify_key::verifies(std::string_view text, std::string_view signature_base64) const {
    const auto signature = matrix::from_base64(signature_base64);
    return signature && signature->size() == crypto_sign_ed25519_BYTES &&
           crypto_sign_ed25519_verify_detached(signature->data(), bytes_of(text), text.size(),
                                               bytes_.data()) == 0;
}

signing_key::signing_key(std::string key_id, std::span<const std::uint8_t, seed_bytes> seed)
    : key_id_(std::move(key_id)) {
    ASSERT(is_signing_key_id(key_id_));
    std::array<std::uint8_t, 32> unused{};  // the public half, which is in the secret too
    crypto_sign_ed25519_seed_keypair(unused.data(), secret_.data(), seed.data());
}

signing_key::~signing_key() {
    sodium_memzero(secret_.data(), secret_.size());
}

outcome<signing_key> signing_key::parse(std::string_view line) {
    const auto name = take_word(line);
    const auto version = take_word(line);
    const auto seed = take_word(line);
    if (name != algorithm || seed.empty() || !take_word(line).empty()) {
        return fail(errc::bad_json, "A signing key is one line: ed25519 VERSION SEED.");
    }
    if (!is_version(version)) {
        return fail(errc::bad_json,
                    "The version of a signing key is 1 to 64 letters, digits and underscores.");
    }
    auto bytes = from_base64(seed);
    if (!bytes || bytes->size() != seed_bytes) {
        return fail(errc::bad_json, "The seed of a signing key is 32 bytes in Base64.");
    }
    signing_key key{std::string{algorithm} + ':' + std::string{version},
                    std::span<const std::uint8_t, seed_bytes>{bytes->data(), seed_bytes}};
    sodium_memzero(bytes->data(), bytes->size());
    return key;
}

std::string signing_key::line() const {
    // The first half of Ed25519's secret key is its seed.
    return std::string{algorithm} + ' ' + key_id_.substr(algorithm.size() + 1) + ' ' +
           to_base64(std::span{secret_}.first(seed_bytes));
}

verify_key signing_key::public_half() const {
    verify_key key;
    crypto_sign_ed25519_sk_to_pk(key.bytes_.data(), secret_.data());
    return key;
}

std::string signing_key::sign(std::string_view text) const {
    std::array<std::uint8_t, crypto_sign_ed25519_BYTES> signature{};
    crypto_sign_ed25519_detached(signature.data(), nullptr, bytes_of(text), text.size(),
                                 secret_.data());
    return to_base64(signature);
}

outcome<std::string> signed_text(const json::object& o) {
    json::object bare = o;
    bare.erase("signatures");
    bare.erase("unsigned");
    return canonical_json(bare);
}

outcome<void> sign_json(json::object& o, std::string_view name, const signing_key& key) {
    const auto text = signed_text(o);
    if (!text) {
        return text.error();
    }
    json::object* all = object_at(o, "signatures");
    json::object* own = all == nullptr ? nullptr : object_at(*all, name);
    if (own == nullptr) {
        return fail(errc::bad_json, "The key \"signatures\" must be an object of objects.");
    }
    (*own)[key.key_id()] = key.sign(*text);
    return {};
}

std::optional<std::string> signature_of(const json::object& o, std::string_view name,
                                        std::string_view key_id) {
    const json::value* v = o.if_contains("signatures");
    for (const std::string_view key : {name, key_id}) {
        v = v == nullptr ? nullptr : find(*v, key);
    }
    const auto* text = v == nullptr ? nullptr : v->if_string();
    return text == nullptr ? std::nullopt : std::optional<std::string>{std::string{*text}};
}

outcome<void> verify_json(const json::object& o, std::string_view name, std::string_view key_id,
                          const verify_key& key) {
    const auto signature = signature_of(o, name, key_id);
    if (!signature) {
        return fail(errc::unauthorized, "There is no signature of " + std::string{name} +
                                            " by the key " + std::string{key_id} + ".");
    }
    const auto text = signed_text(o);
    if (!text) {
        return text.error();
    }
    if (!key.verifies(*text, *signature)) {
        return fail(errc::unauthorized, "The signature of " + std::string{name} + " by the key " +
                                            std::string{key_id} + " is wrong.");
    }
    return {};
}

}  // namespace porchlight::matrix
