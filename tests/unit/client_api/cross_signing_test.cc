#include <gtest/gtest.h>

#include "unit/client_api/keys_bench.h"

// POST /keys/device_signing/upload and /keys/signatures/upload.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using test::crossed;
using test::keyed_device;
using test::keys_api;

class cross_signing : public testing::Test {
  protected:
    cross_signing() {
        room = api.create_open(api.alice);
        api.join(api.bob, room);
        api.upload_device(alice);
        api.upload_device(bob);
    }
    json::object keys_of(const keyed_device& d, std::uint8_t seed) const {
        const auto master = test::key_named("x", seed);
        return {{"master_key", crossed(d.user_id, "master", seed)},
                {"self_signing_key",
                 crossed(d.user_id, "self_signing", static_cast<std::uint8_t>(seed + 1), &master)},
                {"user_signing_key",
                 crossed(d.user_id, "user_signing", static_cast<std::uint8_t>(seed + 2), &master)}};
    }
    test::answer upload(const keyed_device& d, const json::object& keys) {
        return api.ask_v3("POST", "/keys/device_signing/upload", d.token, keys);
    }
    test::answer sign(const keyed_device& d, const std::string& target, const std::string& what,
                      const json::value& object) {
        return api.ask_v3("POST", "/keys/signatures/upload", d.token,
                          {{target, json::object{{what, object}}}});
    }
    static json::object with_signature(json::object o, const std::string& by,
                                       const std::string& key_id) {
        o["signatures"] = json::object{{by, json::object{{key_id, "signature"}}}};
        return o;
    }
    static std::string public_key(std::uint8_t seed) {
        return test::key_named("x", seed).public_half().to_base64();
    }

    keys_api api;
    std::string room;
    const keyed_device alice = api.device_of("alice", api.alice, 1);
    const keyed_device bob = api.device_of("bob", api.bob, 2);
};

TEST_F(cross_signing, the_first_keys_need_no_password_and_are_shown_to_others_but_for_one) {
    const auto token = api.caught_up(bob.token);
    const auto keys = keys_of(alice, 10);
    const auto a = upload(alice, keys);
    EXPECT_EQ(a.text, "{}");
    const auto seen = api.query(bob.token, alice.user_id);
    EXPECT_EQ(seen.at("master_keys").at(alice.user_id), keys.at("master_key"));
    EXPECT_EQ(seen.at("self_signing_keys").at(alice.user_id), keys.at("self_signing_key"));
    EXPECT_EQ(seen.at("user_signing_keys"), json::value(json::object{}));
    EXPECT_EQ(api.query(alice.token, alice.user_id).at("user_signing_keys").at(alice.user_id),
              keys.at("user_signing_key"));
    EXPECT_EQ(json::serialize(api.sync(bob.token, "since=" + token).at("device_lists")),
              R"({"changed":["@alice:porch.test"],"left":[]})");
}

TEST_F(cross_signing, other_keys_need_the_password) {
    ASSERT_EQ(upload(alice, keys_of(alice, 10)).status, 200);
    EXPECT_EQ(upload(alice, keys_of(alice, 10)).status, 200) << "the same again";
    auto other = keys_of(alice, 20);
    const auto asked = upload(alice, other);
    EXPECT_EQ(asked.status, 401);
    EXPECT_EQ(json::serialize(asked.json().at("flows")), R"([{"stages":["m.login.password"]}])");
    json::object auth{{"type", "m.login.password"},
                      {"session", asked.json().at("session")},
                      {"identifier", json::object{{"type", "m.id.user"}, {"user", "alice"}}},
                      {"password", "wrong"}};
    other["auth"] = auth;
    EXPECT_EQ(upload(alice, other).status, 401);
    EXPECT_EQ(api.query(bob.token, alice.user_id).at("master_keys").at(alice.user_id),
              keys_of(alice, 10).at("master_key"));
    auth["password"] = "pw-alice";
    other["auth"] = auth;
    EXPECT_EQ(upload(alice, other).status, 200);
    EXPECT_EQ(api.query(bob.token, alice.user_id).at("master_keys").at(alice.user_id),
              other.at("master_key"));
}

TEST_F(cross_signing, what_is_not_signed_by_the_master_key_is_refused) {
    auto keys = keys_of(alice, 10);
    keys["self_signing_key"] = keys_of(alice, 20).at("self_signing_key");
    EXPECT_EQ(upload(alice, keys).errcode(), "M_INVALID_SIGNATURE");
    keys = keys_of(alice, 10);
    keys.erase("master_key");
    EXPECT_EQ(upload(alice, keys).errcode(), "M_MISSING_PARAM") << "there is no master key";
    EXPECT_EQ(upload(alice, {}).errcode(), "M_MISSING_PARAM");
    EXPECT_TRUE(api.query(bob.token, alice.user_id).at("master_keys").as_object().empty());
}

TEST_F(cross_signing, odd_shapes_are_refused) {
    const auto refused = [&](std::string_view change, json::value to) {
        auto keys = keys_of(alice, 10);
        keys.at("master_key").get_object()[change] = std::move(to);
        return upload(alice, keys).errcode();
    };
    EXPECT_EQ(refused("user_id", json::value(bob.user_id)), "M_INVALID_PARAM");
    EXPECT_EQ(refused("usage", json::array{"self_signing"}), "M_INVALID_PARAM");
    EXPECT_EQ(refused("keys", json::object{}), "M_INVALID_PARAM");
    EXPECT_EQ(refused("keys", json::object{{"ed25519:a", "b"}}), "M_INVALID_PARAM");
    EXPECT_EQ(refused("keys", json::object{{"ed25519:short", "short"}}), "M_INVALID_PARAM");
    EXPECT_EQ(upload(alice, {{"master_key", "text"}}).errcode(), "M_INVALID_PARAM");
}

TEST_F(cross_signing, signatures_on_ones_own_devices_are_shown_to_everybody) {
    ASSERT_EQ(upload(alice, keys_of(alice, 10)).status, 200);
    const auto token = api.caught_up(bob.token);
    const auto a = sign(alice, alice.user_id, alice.device_id,
                        with_signature(alice.keys(), alice.user_id, "ed25519:" + public_key(11)));
    EXPECT_EQ(a.text, R"({"failures":{}})");
    const auto seen = api.query(bob.token, alice.user_id);
    const auto& signatures = seen.at("device_keys")
                                 .at(alice.user_id)
                                 .at(alice.device_id)
                                 .at("signatures")
                                 .at(alice.user_id)
                                 .as_object();
    EXPECT_EQ(signatures.size(), 2U) << "the device's own, and the new one";
    EXPECT_EQ(json::serialize(api.sync(bob.token, "since=" + token).at("device_lists")),
              R"({"changed":["@alice:porch.test"],"left":[]})");
}

TEST_F(cross_signing, signatures_on_others_keys_are_shown_to_who_made_them_alone) {
    ASSERT_EQ(upload(alice, keys_of(alice, 10)).status, 200);
    ASSERT_EQ(upload(bob, keys_of(bob, 20)).status, 200);
    const auto a = sign(alice, bob.user_id, public_key(20),
                        with_signature(keys_of(bob, 20).at("master_key").as_object(), alice.user_id,
                                       "ed25519:" + public_key(12)));
    EXPECT_EQ(a.text, R"({"failures":{}})");
    const auto signers = [&](const std::string& token) {
        const auto key = api.query(token, bob.user_id).at("master_keys").at(bob.user_id);
        const auto* all = key.as_object().if_contains("signatures");
        return all != nullptr && all->as_object().contains(alice.user_id);
    };
    EXPECT_TRUE(signers(alice.token));
    EXPECT_FALSE(signers(bob.token));
}

TEST_F(cross_signing, signatures_of_what_is_not_there_fail_one_by_one) {
    auto changed = alice.keys();
    changed["more"] = 1;
    const auto a = api.ask_v3(
        "POST", "/keys/signatures/upload", alice.token,
        {{alice.user_id,
          json::object{{alice.device_id, with_signature(alice.keys(), alice.user_id, "ed25519:s")},
                       {"OTHER", with_signature(alice.keys(), alice.user_id, "ed25519:s")}}},
         {bob.user_id, json::object{{bob.device_id, changed}}},
         {"@nobody:porch.test", json::object{{"D", json::object{}}}}});
    ASSERT_EQ(a.status, 200) << a.text;
    const auto failures = a.json().at("failures");
    EXPECT_EQ(failures.at(alice.user_id).at("OTHER").at("errcode"), "M_NOT_FOUND");
    EXPECT_FALSE(failures.at(alice.user_id).as_object().contains(alice.device_id));
    EXPECT_EQ(failures.at(bob.user_id).at(bob.device_id).at("errcode"), "M_INVALID_PARAM");
    EXPECT_EQ(failures.at("@nobody:porch.test").at("D").at("errcode"), "M_NOT_FOUND");
}

TEST_F(cross_signing, nobody_signs_in_anothers_name) {
    ASSERT_EQ(sign(bob, alice.user_id, alice.device_id,
                   with_signature(alice.keys(), alice.user_id, "ed25519:forged"))
                  .status,
              200);
    const auto seen = api.query(bob.token, alice.user_id);
    EXPECT_FALSE(seen.at("device_keys")
                     .at(alice.user_id)
                     .at(alice.device_id)
                     .at("signatures")
                     .at(alice.user_id)
                     .as_object()
                     .contains("ed25519:forged"));
}

}  // namespace
}  // namespace porchlight::client_api
