#include "matrix/event.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace porchlight::matrix {
namespace {

json::object object(std::string_view text) {
    return parse_json(text).value().get_object();
}

// The appendix "Cryptographic test vectors", events: a minimal one and one with content.
TEST(content_hash, is_that_of_the_specifications_examples) {
    const auto minimal = with_content_hash(object(R"({"room_id":"!x:domain","sender":"@a:domain",
        "origin":"domain","origin_server_ts":1000000,"signatures":{},"hashes":{},"type":"X",
        "content":{},"prev_events":[],"auth_events":[],"depth":3,
        "unsigned":{"age_ts":1000000}})"));
    ASSERT_TRUE(minimal);
    EXPECT_EQ(minimal->at("hashes").at("sha256"), "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos");
    EXPECT_TRUE(minimal->contains("unsigned"));
}

constexpr auto message = R"({"type":"m.room.message","room_id":"!r:porch.test",
    "sender":"@alice:porch.test","content":{"body":"grüße","msgtype":"m.text"},"depth":7,
    "prev_events":["$a"],"auth_events":["$b","$c"],"origin_server_ts":1700000000000,
    "unsigned":{"age":3}})";

// Computed by another implementation (Python's json and hashlib) from the specification's steps.
TEST(event_id, is_the_reference_hash) {
    const auto hashed = with_content_hash(object(message));
    ASSERT_TRUE(hashed);
    EXPECT_EQ(hashed->at("hashes").at("sha256"), "gaYlaGPQkqqaV8TJAeeWUtdcppu8UvEZhcfQp0Cct3o");
    EXPECT_EQ(event_id(*hashed).value(), "$wxxvN9rOZ2G563Un_EbYb-Xh-6jesYRyVdkXBCLExQ0");
    EXPECT_EQ(event_id(*hashed, "3").value(), "$wxxvN9rOZ2G563Un/EbYb+Xh+6jesYRyVdkXBCLExQ0");
}

TEST(event_id, ignores_what_is_not_hashed) {
    const auto plain = with_content_hash(object(message)).value();
    auto more = plain;
    more["signatures"] = json::object{{"porch.test", json::object{{"ed25519:1", "x"}}}};
    more["unsigned"] = json::object{{"age", 99}};
    more["content"] = json::object{};
    EXPECT_EQ(event_id(plain).value(), event_id(more).value());
    more["depth"] = 8;
    EXPECT_NE(event_id(plain).value(), event_id(more).value());
}

TEST(event_id, needs_a_version_with_hashed_ids) {
    for (const auto version : {"1", "2", "12", "0", "", "10x", "org.example"}) {
        const auto r = event_id(object(message), version);
        ASSERT_FALSE(r) << version;
        EXPECT_EQ(r.error().code, errc::unsupported_room_version);
    }
}

TEST(event_id, refuses_floats_in_what_it_keeps) {
    auto o = object(message);
    o["depth"] = 1.5;
    EXPECT_EQ(event_id(o).error().code, errc::bad_json);
}

std::string kept(std::string_view type, std::string_view content, std::string_view version) {
    json::object o{{"type", type}, {"content", parse_json(content).value()}};
    return json::serialize(redact(o, version).at("content"));
}

TEST(redact, keeps_the_skeleton_only) {
    const auto o = redact(object(R"({"type":"m.room.message","event_id":"$e","room_id":"!r:x",
        "sender":"@a:x","state_key":"","hashes":{},"signatures":{},"depth":1,"prev_events":[],
        "auth_events":[],"origin_server_ts":1,"origin":"x","membership":"join","prev_state":[],
        "unsigned":{},"redacts":"$x","content":{"body":"secret"}})"));
    EXPECT_FALSE(o.contains("unsigned"));
    EXPECT_FALSE(o.contains("redacts"));
    EXPECT_TRUE(o.contains("origin"));
    EXPECT_EQ(o.size(), 15u);
    EXPECT_TRUE(o.at("content").as_object().empty());
}

TEST(redact, drops_old_keys_from_version_11) {
    const auto event = object(R"({"type":"x","origin":"x","membership":"join","prev_state":[],
        "content":{}})");
    EXPECT_EQ(redact(event, "10").size(), 5u);
    EXPECT_EQ(redact(event, "11").size(), 2u);
}

TEST(redact, keeps_by_type_and_version) {
    EXPECT_EQ(kept("m.room.member", R"({"membership":"join","displayname":"x"})", "10"),
              R"({"membership":"join"})");
    constexpr auto authorised = R"({"join_authorised_via_users_server":"@a:x"})";
    EXPECT_EQ(kept("m.room.member", authorised, "8"), "{}");
    EXPECT_EQ(kept("m.room.member", authorised, "9"), authorised);
    constexpr auto invite =
        R"({"third_party_invite":{"signed":{"mxid":"@a:x"},"display_name":"A"}})";
    EXPECT_EQ(kept("m.room.member", invite, "10"), "{}");
    EXPECT_EQ(kept("m.room.member", invite, "11"),
              R"({"third_party_invite":{"signed":{"mxid":"@a:x"}}})");
    constexpr auto create = R"({"creator":"@a:x","room_version":"10"})";
    EXPECT_EQ(kept("m.room.create", create, "10"), R"({"creator":"@a:x"})");
    EXPECT_EQ(kept("m.room.create", create, "11"), create);
    constexpr auto rules = R"({"join_rule":"restricted","allow":[],"other":1})";
    EXPECT_EQ(kept("m.room.join_rules", rules, "7"), R"({"join_rule":"restricted"})");
    EXPECT_EQ(kept("m.room.join_rules", rules, "8"), R"({"join_rule":"restricted","allow":[]})");
    constexpr auto levels = R"({"ban":50,"invite":0,"notifications":{"room":50}})";
    EXPECT_EQ(kept("m.room.power_levels", levels, "10"), R"({"ban":50})");
    EXPECT_EQ(kept("m.room.power_levels", levels, "11"), R"({"ban":50,"invite":0})");
    EXPECT_EQ(kept("m.room.history_visibility", R"({"history_visibility":"joined","x":1})", "10"),
              R"({"history_visibility":"joined"})");
    EXPECT_EQ(kept("m.room.aliases", R"({"aliases":["#a:x"]})", "5"), R"({"aliases":["#a:x"]})");
    EXPECT_EQ(kept("m.room.aliases", R"({"aliases":["#a:x"]})", "6"), "{}");
    EXPECT_EQ(kept("m.room.redaction", R"({"redacts":"$x","reason":"y"})", "10"), "{}");
    EXPECT_EQ(kept("m.room.redaction", R"({"redacts":"$x","reason":"y"})", "11"),
              R"({"redacts":"$x"})");
}

TEST(redact, survives_wrong_shapes) {
    EXPECT_TRUE(
        redact(object(R"({"content":5,"type":"m.room.member"})")).at("content").is_object());
    EXPECT_TRUE(redact(object(R"({"content":{},"type":[]})")).at("content").is_object());
    EXPECT_TRUE(redact(object("{}")).at("content").is_object());
}

TEST(redact, twice_is_once) {
    const auto once = redact(object(message));
    EXPECT_EQ(redact(once), once);
}

}  // namespace
}  // namespace porchlight::matrix
