#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/client_api/keys_bench.h"

// POST /keys/upload, /keys/query and /keys/claim, and what /sync says of it.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
namespace limits = base::limits;
using test::answer;
using test::keyed_device;
using test::keys_api;

class keys : public testing::Test {
  protected:
    keys() {
        room = api.create_open(api.alice);
        api.join(api.bob, room);
    }
    static std::string lists(const json::value& sync) {
        return json::serialize(sync.at("device_lists"));
    }
    static std::string counts(const json::value& sync) {
        return json::serialize(sync.at("device_one_time_keys_count"));
    }
    static std::string unused(const json::value& sync) {
        return json::serialize(sync.at("device_unused_fallback_key_types"));
    }
    json::value since(const std::string& token, const std::string& from) {
        return api.sync(token, "since=" + from);
    }

    keys_api api;
    std::string room;
    const keyed_device alice = api.device_of("alice", api.alice, 1);
    const keyed_device bob = api.device_of("bob", api.bob, 2);
    const keyed_device carol = api.device_of("carol", api.carol, 3);
};

// --- device keys ---

TEST_F(keys, of_a_device_are_given_as_they_were_uploaded_with_its_name) {
    api.upload_device(alice);
    auto found = api.query(bob.token, alice.user_id);
    const auto& devices = found.at("device_keys").at(alice.user_id).as_object();
    ASSERT_EQ(devices.size(), 1U);
    EXPECT_EQ(devices.at(alice.device_id), json::value(alice.keys()));
    EXPECT_EQ(found.at("failures"), json::value(json::object{}));
    const auto named = api.ask_v3("POST", "/login", "",
                                  {{"type", "m.login.password"},
                                   {"user", "alice"},
                                   {"password", "pw-alice"},
                                   {"device_id", alice.device_id},
                                   {"initial_device_display_name", "phone"}});
    ASSERT_EQ(named.status, 200);
    found = api.query(bob.token, alice.user_id);
    EXPECT_EQ(found.at("device_keys").at(alice.user_id).at(alice.device_id).at("unsigned"),
              json::value(json::object{{"device_display_name", "phone"}}));
}

TEST_F(keys, are_asked_for_by_device_too) {
    api.upload_device(alice);
    const auto a = api.ask_v3("POST", "/keys/query", bob.token,
                              {{"device_keys", json::object{{alice.user_id, json::array{"OTHER"}},
                                                            {bob.user_id, json::array{}}}}});
    EXPECT_EQ(a.json().at("device_keys"), json::value(json::object{{alice.user_id, json::object{}},
                                                                   {bob.user_id, json::object{}}}));
}

TEST_F(keys, of_unknown_users_look_like_those_of_users_without_any) {
    const auto nobody = api.query(bob.token, "@nobody:porch.test");
    EXPECT_EQ(nobody.at("device_keys"),
              json::value(json::object{{"@nobody:porch.test", json::object{}}}));
    EXPECT_EQ(api.query(bob.token, carol.user_id).at("device_keys"),
              json::value(json::object{{carol.user_id, json::object{}}}));
    const auto elsewhere = api.query(bob.token, "@dave:elsewhere.test");
    EXPECT_TRUE(elsewhere.at("failures").as_object().contains("elsewhere.test"));
    EXPECT_FALSE(elsewhere.at("device_keys").as_object().contains("@dave:elsewhere.test"));
}

TEST_F(keys, must_be_those_of_the_device_that_uploads_them) {
    const auto refused = [&](json::object keys, const std::string& what) {
        const auto a = api.upload(alice, {{"device_keys", keys}});
        EXPECT_EQ(a.status, 400) << what << a.text;
        EXPECT_EQ(a.errcode(), "M_INVALID_PARAM") << what;
    };
    auto k = alice.keys();
    k["user_id"] = bob.user_id;
    refused(k, "another user");
    k = alice.keys();
    k["device_id"] = "OTHER";
    refused(k, "another device");
    k = alice.keys();
    k["algorithms"] = json::array{1};
    refused(k, "algorithms");
    k = alice.keys();
    k.erase("keys");
    refused(k, "no keys");
    k = alice.keys();
    k["keys"].get_object()["curve25519:OTHER"] = "c";
    refused(k, "a key of another device");
    k = alice.keys();
    k["more"] = 1;
    refused(k, "changed after it was signed");
    k = alice.keys();
    k.erase("signatures");
    refused(k, "not signed");
    EXPECT_EQ(api.upload(alice, {{"device_keys", 1}}).errcode(), "M_BAD_JSON");
    k = alice.keys();
    k["padding"] = std::string(limits::device_keys_bytes_max, 'x');
    EXPECT_EQ(api.upload(alice, {{"device_keys", k}}).status, 413);
    EXPECT_EQ(api.query(bob.token, alice.user_id).at("device_keys").at(alice.user_id),
              json::value(json::object{}))
        << "nothing of it was kept";
}

// --- device lists ---

TEST_F(keys, that_change_are_told_at_once_to_who_shares_a_room_and_to_nobody_else) {
    const auto of_bob = api.caught_up(bob.token), of_carol = api.caught_up(carol.token);
    const auto poll_bob = api.poll(bob.token, of_bob), poll_carol = api.poll(carol.token, of_carol);
    ASSERT_FALSE(api.take(poll_bob));
    api.upload_device(alice);
    const auto told = api.take(poll_bob);
    ASSERT_TRUE(told);
    EXPECT_EQ(lists(told->json()), R"({"changed":["@alice:porch.test"],"left":[]})");
    EXPECT_FALSE(api.take(poll_carol));
    EXPECT_EQ(lists(since(bob.token, of_bob)), R"({"changed":["@alice:porch.test"],"left":[]})")
        << "an old token hears of it again";
    EXPECT_EQ(lists(since(bob.token, keys_api::next(told->json()))), R"({"changed":[],"left":[]})");
}

TEST_F(keys, uploaded_once_more_are_no_change) {
    api.upload_device(alice);
    const auto token = api.caught_up(bob.token);
    api.upload_device(alice);
    EXPECT_EQ(lists(since(bob.token, token)), R"({"changed":[],"left":[]})");
}

TEST_F(keys, of_who_comes_into_a_room_and_leaves_it_are_told) {
    for (const auto& d : {alice, bob, carol}) {
        api.upload_device(d);
    }
    const auto of_bob = api.caught_up(bob.token), of_carol = api.caught_up(carol.token);
    api.join(carol.token, room);
    const auto seen = since(bob.token, of_bob);
    EXPECT_EQ(lists(seen), R"({"changed":["@carol:porch.test"],"left":[]})");
    EXPECT_EQ(lists(since(carol.token, of_carol)),
              R"({"changed":["@alice:porch.test","@bob:porch.test"],"left":[]})");
    const auto inside = api.caught_up(carol.token);
    ASSERT_EQ(api.in("POST", room, "/leave", carol.token, json::object{}).status, 200);
    EXPECT_EQ(lists(since(bob.token, keys_api::next(seen))),
              R"({"changed":[],"left":["@carol:porch.test"]})");
    EXPECT_EQ(lists(since(carol.token, inside)),
              R"({"changed":[],"left":["@alice:porch.test","@bob:porch.test"]})");
}

TEST_F(keys, of_who_leaves_one_of_two_shared_rooms_stay_known) {
    api.upload_device(alice);
    const auto second = api.create_open(api.alice);
    api.join(bob.token, second);
    const auto token = api.caught_up(bob.token);
    ASSERT_EQ(api.in("POST", second, "/leave", api.alice, json::object{}).status, 200);
    EXPECT_EQ(lists(since(bob.token, token)), R"({"changed":[],"left":[]})");
}

TEST_F(keys, of_a_device_that_logs_out_are_gone_and_that_is_told) {
    api.upload_device(alice);
    ASSERT_EQ(api.upload(alice, {{"one_time_keys", keys_api::one_time(2)}}).status, 200);
    const auto token = api.caught_up(bob.token);
    ASSERT_EQ(api.ask_v3("POST", "/logout", alice.token, json::object{}).status, 200);
    EXPECT_EQ(lists(since(bob.token, token)), R"({"changed":["@alice:porch.test"],"left":[]})");
    EXPECT_EQ(api.query(bob.token, alice.user_id).at("device_keys").at(alice.user_id),
              json::value(json::object{}));
    EXPECT_EQ(api.claimed(bob.token, alice), "");
    EXPECT_EQ(api.house.store->document_count(base::user_key{0}, "one_time_key", ""), 0U);
}

TEST_F(keys, stay_when_the_same_device_logs_in_again) {
    api.upload_device(alice);
    ASSERT_EQ(api.upload(alice, {{"one_time_keys", keys_api::one_time(2)}}).status, 200);
    const auto again = api.log_in("alice", 1, alice.device_id);
    EXPECT_EQ(counts(api.sync(again.token)), R"({"signed_curve25519":2})");
    EXPECT_EQ(
        api.query(bob.token, alice.user_id).at("device_keys").at(alice.user_id).as_object().size(),
        1U);
}

TEST_F(keys, changed_between_two_tokens) {
    const auto from = api.caught_up(bob.token);
    api.upload_device(alice);
    const auto to = api.caught_up(bob.token);
    const auto changes = [&](const std::string& query) {
        return api.ask_v3("GET", "/keys/changes" + query, bob.token);
    };
    EXPECT_EQ(changes("?from=" + from + "&to=" + to).text,
              R"({"changed":["@alice:porch.test"],"left":[]})");
    EXPECT_EQ(changes("?from=" + to + "&to=" + to).text, R"({"changed":[],"left":[]})");
    EXPECT_EQ(changes("?from=" + from).errcode(), "M_MISSING_PARAM");
    EXPECT_EQ(changes("?from=x&to=" + to).errcode(), "M_INVALID_PARAM");
}

// --- one-time and fallback keys ---

TEST_F(keys, for_one_time_are_counted_in_the_answer_and_in_every_sync) {
    EXPECT_EQ(counts(api.sync(alice.token)), R"({"signed_curve25519":0})");
    const auto a = api.upload(alice, {{"one_time_keys", keys_api::one_time(3)}});
    EXPECT_EQ(a.text, R"({"one_time_key_counts":{"signed_curve25519":3}})");
    const auto first = api.sync(alice.token);
    EXPECT_EQ(counts(first), R"({"signed_curve25519":3})");
    // An answer that holds nothing but presence says it, too.
    api.put_presence("bob", bob.token, {{"presence", "unavailable"}});
    const auto second = since(alice.token, keys_api::next(first));
    EXPECT_NE(test::presence_of(second, bob.user_id), nullptr);
    EXPECT_EQ(counts(second), R"({"signed_curve25519":3})");
    EXPECT_EQ(counts(api.sync(bob.token)), R"({"signed_curve25519":0})") << "another device's";
}

TEST_F(keys, for_one_time_are_given_once_each_and_their_owner_hears_of_it_at_once) {
    ASSERT_EQ(api.upload(alice, {{"one_time_keys", keys_api::one_time(2)}}).status, 200);
    const auto poll = api.poll(alice.token, api.caught_up(alice.token));
    ASSERT_FALSE(api.take(poll));
    EXPECT_EQ(api.claimed(bob.token, alice), "signed_curve25519:AAA0");
    const auto told = api.take(poll);
    ASSERT_TRUE(told);
    EXPECT_EQ(counts(told->json()), R"({"signed_curve25519":1})");
    EXPECT_EQ(api.claimed(carol.token, alice), "signed_curve25519:AAA1");
    EXPECT_EQ(api.claimed(bob.token, alice), "");
    EXPECT_EQ(counts(api.sync(alice.token)), R"({"signed_curve25519":0})");
}

TEST_F(keys, claimed_by_many_at_once_are_given_once_each) {
    ASSERT_EQ(api.upload(alice, {{"one_time_keys", keys_api::one_time(5)}}).status, 200);
    std::vector<ports::http_handle> claims;
    const std::string body = json::serialize(json::object{
        {"one_time_keys",
         json::object{{alice.user_id, json::object{{alice.device_id, "signed_curve25519"}}}}}});
    for (int i = 0; i < 8; ++i) {
        claims.push_back(
            api.start("POST", "/_matrix/client/v3/keys/claim", body, i % 2 ? api.bob : api.carol));
    }
    std::set<std::string> given;
    int without = 0;
    for (const auto& h : claims) {
        const auto v = api.take(h)->json();
        const auto& users = v.at("one_time_keys").as_object();
        if (users.empty()) {
            ++without;
        } else {
            given.insert(json::serialize(users));
        }
    }
    EXPECT_EQ(given.size(), 5U);
    EXPECT_EQ(without, 3);
}

TEST_F(keys, for_one_time_with_a_name_that_is_taken) {
    ASSERT_EQ(api.upload(alice, {{"one_time_keys", keys_api::one_time(1)}}).status, 200);
    const auto same = api.upload(alice, {{"one_time_keys", keys_api::one_time(1)}});
    EXPECT_EQ(same.text, R"({"one_time_key_counts":{"signed_curve25519":1}})");
    json::object other = keys_api::one_time(2);
    other["signed_curve25519:AAA0"] = json::object{{"key", "another"}};
    EXPECT_EQ(api.upload(alice, {{"one_time_keys", other}}).errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(counts(api.sync(alice.token)), R"({"signed_curve25519":1})") << "all or nothing";
}

TEST_F(keys, for_fallback_are_given_when_the_others_are_used_up_and_then_count_as_used) {
    const json::object fallback{
        {"signed_curve25519:F1", json::object{{"key", "f"}, {"fallback", true}}}};
    ASSERT_EQ(
        api.upload(alice, {{"one_time_keys", keys_api::one_time(1)}, {"fallback_keys", fallback}})
            .status,
        200);
    const auto first = api.sync(alice.token);
    EXPECT_EQ(unused(first), R"(["signed_curve25519"])");
    EXPECT_EQ(api.claimed(bob.token, alice), "signed_curve25519:AAA0");
    EXPECT_EQ(api.claimed(bob.token, alice), "signed_curve25519:F1");
    EXPECT_EQ(api.claimed(carol.token, alice), "signed_curve25519:F1");
    EXPECT_EQ(unused(since(alice.token, keys_api::next(first))), "[]");
    ASSERT_EQ(api.upload(alice, {{"fallback_keys", fallback}}).status, 200);
    EXPECT_EQ(unused(api.sync(alice.token)), "[]") << "the same key stays used";
    const json::object fresh{
        {"signed_curve25519:F2", json::object{{"key", "g"}, {"fallback", true}}}};
    ASSERT_EQ(api.upload(alice, {{"fallback_keys", fresh}}).status, 200);
    EXPECT_EQ(unused(api.sync(alice.token)), R"(["signed_curve25519"])");
    EXPECT_EQ(api.claimed(bob.token, alice), "signed_curve25519:F2");
}

TEST_F(keys, for_one_time_of_odd_shapes_and_numbers_are_refused) {
    const auto refused = [&](const json::object& body) {
        return api.upload(alice, body).errcode();
    };
    EXPECT_EQ(refused({{"one_time_keys", json::object{{"noname", "k"}}}}), "M_INVALID_PARAM");
    EXPECT_EQ(refused({{"one_time_keys", json::object{{"a:b", 7}}}}), "M_INVALID_PARAM");
    EXPECT_EQ(refused({{"one_time_keys", json::object{{"a:b\nc", "k"}}}}), "M_INVALID_PARAM");
    EXPECT_EQ(refused({{"one_time_keys", json::array{}}}), "M_BAD_JSON");
    EXPECT_EQ(refused({{"one_time_keys",
                        json::object{{"a:b", std::string(limits::one_time_key_bytes_max, 'k')}}}}),
              "M_TOO_LARGE");
    EXPECT_EQ(refused({{"one_time_keys",
                        keys_api::one_time(static_cast<int>(limits::one_time_keys_max) + 1)}}),
              "M_INVALID_PARAM");
    json::object many;
    for (std::size_t i = 0; i <= limits::fallback_keys_max; ++i) {
        many["algorithm" + std::to_string(i) + ":F"] = json::object{{"key", "f"}};
    }
    EXPECT_EQ(refused({{"fallback_keys", many}}), "M_INVALID_PARAM");
    EXPECT_EQ(counts(api.sync(alice.token)), R"({"signed_curve25519":0})");
}

TEST_F(keys, are_asked_for_and_claimed_in_the_right_shape) {
    const auto query = [&](const json::value& wish) {
        return api.ask_v3("POST", "/keys/query", bob.token, {{"device_keys", wish}}).errcode();
    };
    EXPECT_EQ(query(json::array{}), "M_BAD_JSON");
    EXPECT_EQ(query(json::object{{"alice", json::array{}}}), "M_INVALID_PARAM");
    EXPECT_EQ(query(json::object{{alice.user_id, json::array{1}}}), "M_BAD_JSON");
    json::object many;
    for (std::size_t i = 0; i <= limits::key_query_users_max; ++i) {
        many["@u" + std::to_string(i) + ":porch.test"] = json::array{};
    }
    EXPECT_EQ(query(many), "M_INVALID_PARAM");
    const auto claim = [&](const json::value& wish) {
        return api.ask_v3("POST", "/keys/claim", bob.token, {{"one_time_keys", wish}}).errcode();
    };
    EXPECT_EQ(claim(json::object{{"alice", json::object{}}}), "M_INVALID_PARAM");
    EXPECT_EQ(claim(json::object{{alice.user_id, json::array{}}}), "M_BAD_JSON");
    EXPECT_EQ(claim(json::object{{alice.user_id, json::object{{"D", 1}}}}), "M_BAD_JSON");
    json::object devices;
    for (std::size_t i = 0; i <= limits::key_claims_max; ++i) {
        devices["D" + std::to_string(i)] = "signed_curve25519";
    }
    EXPECT_EQ(claim(json::object{{alice.user_id, devices}}), "M_INVALID_PARAM");
}

}  // namespace
}  // namespace porchlight::client_api
