#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "matrix/json.h"

// Ed25519 keys and signed JSON (specification: appendix "Signing JSON").
namespace porchlight::matrix {

// "ed25519:" and 1 to 64 of A-Z a-z 0-9 _; what stands behind the colon is the key's version.
bool is_signing_key_id(std::string_view key_id);

// The public half.
class verify_key {
  public:
    static std::optional<verify_key> from_base64(std::string_view text);
    std::string to_base64() const;
    // Cost: one Ed25519 verification, tens of microseconds.
    bool verifies(std::string_view text, std::string_view signature_base64) const;
    bool operator==(const verify_key&) const = default;

  private:
    friend class signing_key;
    std::array<std::uint8_t, 32> bytes_{};
};

// A server's secret. Its memory is wiped when it goes.
class signing_key {
  public:
    static constexpr std::size_t seed_bytes = 32;

    // REQUIRES: is_signing_key_id(key_id).
    signing_key(std::string key_id, std::span<const std::uint8_t, seed_bytes> seed);
    signing_key(const signing_key&) = default;
    signing_key& operator=(const signing_key&) = default;
    ~signing_key();

    // A line "ed25519 VERSION SEED", the seed in Base64: the format of other servers' key files.
    // bad_json with what is wrong, never with the seed.
    static outcome<signing_key> parse(std::string_view line);
    std::string line() const;

    const std::string& key_id() const { return key_id_; }
    verify_key public_half() const;
    std::string sign(std::string_view text) const;  // unpadded Base64

  private:
    std::string key_id_;
    std::array<std::uint8_t, 64> secret_{};
};

// What is signed of an object: canonical JSON without `signatures` and `unsigned`.
// bad_json where canonical JSON doesn't exist.
outcome<std::string> signed_text(const json::object& o);
// Adds signatures.<name>.<key id>; those that are there stay. bad_json also when `signatures` or
// its member is no object.
outcome<void> sign_json(json::object& o, std::string_view name, const signing_key& key);
// The signature of `name` by `key_id` in Base64; none when there is none.
std::optional<std::string> signature_of(const json::object& o, std::string_view name,
                                        std::string_view key_id);
// unauthorized: there is no such signature, or it is not one of this text by this key.
outcome<void> verify_json(const json::object& o, std::string_view name, std::string_view key_id,
                          const verify_key& key);

}  // namespace porchlight::matrix
