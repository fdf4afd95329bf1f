#pragma once

#include "matrix/signing.h"
#include "unit/client_api/sync_bench.h"

// Devices with keys over the API, as a client with an encryption library makes them.
namespace porchlight::test {

inline matrix::signing_key key_named(const std::string& name, std::uint8_t seed) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(seed);
    return {"ed25519:" + name, bytes};
}

struct keyed_device {
    std::string user_id, device_id, token;
    std::uint8_t seed = 1;

    json::object keys() const {
        const auto key = key_named(device_id, seed);
        json::object o{
            {"user_id", user_id},
            {"device_id", device_id},
            {"algorithms", json::array{"m.olm.v1.curve25519-aes-sha2"}},
            {"keys", json::object{{"ed25519:" + device_id, key.public_half().to_base64()},
                                  {"curve25519:" + device_id, "c"}}}};
        EXPECT_TRUE(matrix::sign_json(o, user_id, key));
        return o;
    }
};

// A cross-signing key, signed by `by` when that is given.
inline json::object crossed(const std::string& user_id, const std::string& usage, std::uint8_t seed,
                            const matrix::signing_key* by = nullptr) {
    const auto text = key_named("x", seed).public_half().to_base64();
    json::object o{{"user_id", user_id},
                   {"usage", json::array{usage}},
                   {"keys", json::object{{"ed25519:" + text, text}}}};
    if (by != nullptr) {
        // Signatures are named by the public key, which has characters that no key id has.
        const auto signature = by->sign(matrix::signed_text(o).value());
        o["signatures"] = json::object{
            {user_id, json::object{{"ed25519:" + by->public_half().to_base64(), signature}}}};
    }
    return o;
}

class keys_api : public sync_api {
  public:
    using sync_api::sync_api;

    keyed_device device_of(const std::string& name, const std::string& token,
                           std::uint8_t seed = 1) {
        const auto a = ask_v3("GET", "/account/whoami", token);
        return {id(name), std::string(a.json().at("device_id").as_string()), token, seed};
    }
    keyed_device log_in(const std::string& name, std::uint8_t seed,
                        const std::string& device_id = {}) {
        json::object wish{{"type", "m.login.password"}, {"user", name}, {"password", "pw-" + name}};
        if (!device_id.empty()) {
            wish["device_id"] = device_id;
        }
        const auto a = ask_v3("POST", "/login", "", wish);
        EXPECT_EQ(a.status, 200) << a.text;
        return {id(name), std::string(a.json().at("device_id").as_string()),
                std::string(a.json().at("access_token").as_string()), seed};
    }
    answer upload(const keyed_device& d, const json::object& body) {
        return ask_v3("POST", "/keys/upload", d.token, body);
    }
    void upload_device(const keyed_device& d) {
        const auto a = upload(d, {{"device_keys", d.keys()}});
        EXPECT_EQ(a.status, 200) << a.text;
    }
    // One-time keys AAA0, AAA1, ... from `first` on.
    static json::object one_time(int count, int first = 0) {
        json::object keys;
        for (int i = first; i < first + count; ++i) {
            keys["signed_curve25519:AAA" + std::to_string(i)] =
                json::object{{"key", "k" + std::to_string(i)}};
        }
        return keys;
    }
    answer claim(const std::string& token, const keyed_device& d) {
        return ask_v3(
            "POST", "/keys/claim", token,
            {{"one_time_keys",
              json::object{{d.user_id, json::object{{d.device_id, "signed_curve25519"}}}}}});
    }
    // The name of the key that was given; empty: none was.
    std::string claimed(const std::string& token, const keyed_device& d) {
        const auto a = claim(token, d);
        EXPECT_EQ(a.status, 200) << a.text;
        const auto v = a.json();
        const auto& users = v.at("one_time_keys").as_object();
        if (users.empty()) {
            return {};
        }
        const auto& keys = users.at(d.user_id).at(d.device_id).as_object();
        EXPECT_EQ(keys.size(), 1U);
        return std::string{keys.begin()->key()};
    }
    json::value query(const std::string& token, const std::string& user_id) {
        const auto a = ask_v3("POST", "/keys/query", token,
                              {{"device_keys", json::object{{user_id, json::array{}}}}});
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    }
};

}  // namespace porchlight::test
