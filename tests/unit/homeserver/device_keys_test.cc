#include "homeserver/keys/device_keys.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "matrix/signing.h"
#include "support/house_bench.h"

// What lasts of keys: over restarts, kills and disks that fail.
namespace porchlight::homeserver {
namespace {

struct keys_bench {
    explicit keys_bench(std::shared_ptr<storage::memory_store> kept = nullptr)
        : house(std::move(kept), test::house_bench::cheap_settings(), false) {
        house.settle();
    }
    json::object device_keys(const caller& who) const {
        const std::string id{house.accounts.user_id(who.user)};
        const std::string device = house.accounts.device(who.device).device_id;
        const matrix::signing_key key("ed25519:" + device, std::array<std::uint8_t, 32>{9});
        json::object o{
            {"user_id", id},
            {"device_id", device},
            {"algorithms", json::array{}},
            {"keys", json::object{{"ed25519:" + device, key.public_half().to_base64()}}}};
        EXPECT_TRUE(matrix::sign_json(o, id, key));
        return o;
    }
    outcome<json::object> upload(const caller& who, int one_time_keys) {
        device_keys::upload_wish w;
        w.device_keys = device_keys(who);
        for (int i = 0; i < one_time_keys; ++i) {
            w.one_time_keys["a:" + std::to_string(i)] = "k";
        }
        return house.wait<json::object>(
            [&](auto done) { house.device_keys.upload(who, std::move(w), std::move(done)); });
    }
    // The answer's text: which key was given.
    outcome<std::string> claim(const caller& of) {
        auto r = house.wait<json::object>([&](auto done) {
            house.device_keys.claim({{of.user, house.accounts.device(of.device).device_id, "a"}},
                                    std::move(done));
        });
        return r ? outcome<std::string>{json::serialize(*r)} : r.error();
    }

    test::house_bench house;
};

TEST(device_keys, given_before_a_kill_are_not_given_again_and_counts_are_as_they_were) {
    const auto store = std::make_shared<storage::memory_store>();
    caller alice;
    std::string first, text;
    {
        keys_bench b(store);
        alice = b.house.sign_up("alice").who;
        ASSERT_TRUE(b.upload(alice, 2));
        first = b.claim(alice).value();
        text = *b.house.device_keys.counts(alice.device);
    }
    EXPECT_EQ(text, R"("device_one_time_keys_count":{"signed_curve25519":0,"a":1},)"
                    R"("device_unused_fallback_key_types":[])");
    keys_bench again(store);
    ASSERT_TRUE(again.house.device_keys.counts(alice.device));
    EXPECT_EQ(*again.house.device_keys.counts(alice.device), text);
    const auto second = again.claim(alice).value();
    EXPECT_NE(second, first);
    EXPECT_EQ(again.claim(alice).value(), "{}") << "both are gone";
}

TEST(device_keys, that_cannot_be_stored_as_given_are_not_given) {
    keys_bench b;
    const caller alice = b.house.sign_up("alice").who;
    ASSERT_TRUE(b.upload(alice, 1));
    b.house.store->refuse_commits(true);
    const auto refused = b.claim(alice);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, matrix::errc::unavailable);
    b.house.store->refuse_commits(false);
    EXPECT_NE(b.claim(alice).value(), "{}");
}

TEST(device_keys, that_cannot_be_stored_are_not_announced) {
    keys_bench b;
    const caller alice = b.house.sign_up("alice").who;
    b.house.store->refuse_commits(true);
    EXPECT_FALSE(b.upload(alice, 1));
    EXPECT_FALSE(b.house.device_keys.changes().has_keys(alice.user));
    EXPECT_FALSE(b.house.device_keys.counts(alice.device));
}

TEST(device_keys, that_changed_before_a_restart_are_told_after_it) {
    const auto store = std::make_shared<storage::memory_store>();
    caller alice;
    std::uint64_t before = 0;
    {
        keys_bench b(store);
        alice = b.house.sign_up("alice").who;
        before = b.house.log.last_applied();
        ASSERT_TRUE(b.upload(alice, 0));
    }
    const keys_bench again(store);
    EXPECT_EQ(again.house.device_keys.changes().since(alice.user, before).changed,
              std::vector{alice.user});
    EXPECT_TRUE(again.house.device_keys.changes()
                    .since(alice.user, again.house.log.last_applied())
                    .changed.empty());
}

TEST(device_keys, of_a_deactivated_user_are_gone) {
    keys_bench b;
    const caller alice = b.house.sign_up("alice").who;
    ASSERT_TRUE(b.upload(alice, 3));
    ASSERT_TRUE(b.house.wait<void>(
        [&](auto done) { b.house.accounts.deactivate(alice.user, std::move(done)); }));
    for (const auto* kind : {"device_keys", "key_counts", "one_time_key", "cross_signing"}) {
        EXPECT_EQ(b.house.store->document_count(alice.user, kind, ""), 0U) << kind;
    }
}

// As many changes as make a token too old to look at each of them.
TEST(device_keys, that_changed_long_ago_are_found_by_the_members_of_rooms) {
    keys_bench b;
    const caller alice = b.house.sign_up("alice").who;
    const caller bob = b.house.sign_up("bob").who;
    key_changes changes(b.house.rooms);
    for (std::uint64_t p = 1; p <= base::limits::key_changes_scan_max + 10; ++p) {
        changes.changed(p % 2 == 0 ? alice.user : bob.user, p);
    }
    EXPECT_TRUE(changes.has_news(alice.user, 0));
    EXPECT_EQ(changes.since(alice.user, 0).changed, std::vector{alice.user}) << "no shared room";
}

}  // namespace
}  // namespace porchlight::homeserver
