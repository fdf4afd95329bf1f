#include "federation/transactions.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/limits.h"
#include "support/peer_world.h"

namespace porchlight::federation {
namespace {

using namespace std::chrono_literals;

struct transactions_test : testing::Test {
    transactions_test() {
        world.settle();
        bob = far.house.sign_up("bob").who;
    }
    // The answer's body, or the error.
    matrix::outcome<std::string> take(const std::string& body, const std::string& txn = "1",
                                      const std::string& origin = "near") {
        std::optional<matrix::outcome<std::string>> got;
        far.in.take(origin, txn, json::parse(body), [&](matrix::outcome<std::string> r) {
            EXPECT_FALSE(got) << "answered twice";
            got.emplace(std::move(r));
        });
        world.settle();
        return got.value_or(matrix::fail(matrix::errc::unknown, "no answer"));
    }
    static std::string invite(const std::string& observer = "@alice:near") {
        return R"({"origin":"near","pdus":[],"edus":[{"edu_type":"m.presence_invite","content":
            {"observer_user":")" +
               observer + R"(","observed_user":"@bob:far"}}]})";
    }
    std::size_t incoming() { return far.house.lists.overview_of(bob.user).incoming.size(); }

    test::peer_world world;
    test::peer_house& far = world.add("far");
    homeserver::caller bob;
};

TEST_F(transactions_test, an_empty_one_is_taken) {
    EXPECT_EQ(take(R"({"origin":"near","pdus":[],"edus":[]})").value(),
              R"({"pdus":{},"io.porchlight":{}})");
    EXPECT_TRUE(take("{}", "2")) << "lists may be left out";
}

TEST_F(transactions_test, the_same_one_takes_effect_once) {
    EXPECT_TRUE(take(invite()));
    far.house.lists.answer_invites(bob, {.deny = {"@alice:near"}}, [](const auto&) {});
    world.settle();
    EXPECT_TRUE(take(invite("@carol:near"))) << "the id is what counts";
    EXPECT_EQ(incoming(), 0U);
    EXPECT_TRUE(take(R"({"origin":"third","edus":[{"edu_type":"m.presence_invite","content":
        {"observer_user":"@alice:third","observed_user":"@bob:far"}}]})",
                     "1", "third"));
    EXPECT_EQ(incoming(), 1U) << "ids are each origin's own";
}

TEST_F(transactions_test, one_that_comes_again_while_it_is_under_way_waits_for_it) {
    far.house.log_device.held = true;
    int answers = 0;
    for (int i = 0; i < 2; ++i) {
        far.in.take("near", "1", json::parse(invite()),
                    [&](const matrix::outcome<std::string>& r) { answers += r ? 1 : 0; });
    }
    world.settle();
    EXPECT_EQ(answers, 0) << "not before it is durable";
    far.house.log_device.held = false;
    world.settle();
    EXPECT_EQ(answers, 2);
    EXPECT_EQ(incoming(), 1U);
}

TEST_F(transactions_test, one_that_failed_is_taken_when_it_comes_again) {
    far.house.store->refuse_commits(true);
    EXPECT_EQ(take(invite()).error().code, matrix::errc::unavailable);
    far.house.store->refuse_commits(false);
    EXPECT_TRUE(take(invite()));
    EXPECT_EQ(incoming(), 1U);
}

TEST_F(transactions_test, room_events_are_refused_one_by_one) {
    const auto answer = json::parse(take(R"({"origin":"near","edus":[],"pdus":[
            {"event_id":"$one:near","type":"m.room.message"},
            {"type":"m.room.message","room_id":"!r:near","sender":"@a:near","content":{},
             "auth_events":[],"prev_events":[],"depth":1,"origin_server_ts":1,
             "hashes":{"sha256":"x"}}, 7]})")
                                        .value());
    const auto& pdus = answer.at("pdus").get_object();
    ASSERT_EQ(pdus.size(), 2U);
    EXPECT_TRUE(pdus.contains("$one:near"));
    for (const auto& [id, what] : pdus) {
        EXPECT_TRUE(id.starts_with("$"));
        EXPECT_EQ(what.at("error"), "Rooms are not federated by this server.");
    }
}

TEST_F(transactions_test, more_than_50_pdus_or_100_edus_are_refused_whole) {
    const auto many = [](const std::string& key, std::size_t n, const std::string& item) {
        std::string all = R"({"origin":"near",")" + key + R"(":[)";
        for (std::size_t i = 0; i < n; ++i) {
            all += (i == 0 ? "" : ",") + item;
        }
        return all + "]}";
    };
    const std::string edu = R"({"edu_type":"m.typing","content":{}})";
    EXPECT_TRUE(take(many("pdus", 50, "{}"), "1"));
    EXPECT_EQ(take(many("pdus", 51, "{}"), "2").error().code, matrix::errc::invalid_param);
    EXPECT_TRUE(take(many("edus", 100, edu), "3"));
    EXPECT_EQ(take(many("edus", 101, edu), "4").error().code, matrix::errc::invalid_param);
}

TEST_F(transactions_test, what_is_no_transaction_is_refused) {
    EXPECT_EQ(take("[]").error().code, matrix::errc::bad_json);
    EXPECT_EQ(take(R"({"pdus":{}})").error().code, matrix::errc::invalid_param);
    EXPECT_EQ(take(R"({"origin":"other"})").error().code, matrix::errc::invalid_param)
        << "the origin is who signed";
}

TEST_F(transactions_test, a_wrong_edu_is_dropped_by_itself) {
    EXPECT_TRUE(take(R"({"origin":"near","edus":[7,{"edu_type":7,"content":{}},{"edu_type":"x"},
        {"edu_type":"m.presence_invite","content":{"observer_user":"alice","observed_user":7}},
        {"edu_type":"m.presence","content":{"push":7}},
        {"edu_type":"m.direct_to_device","content":{"type":"m.presence_invite","sender":"@a:near",
         "message_id":"1","messages":{"@bob:far":{"*":{"observer_user":"@a:near"}}}}},
        {"edu_type":"m.presence_invite","content":
         {"observer_user":"@alice:near","observed_user":"@bob:far"}}]})"));
    EXPECT_EQ(incoming(), 1U);
    const auto mail = far.house.store->to_device(bob.device, 0, ~std::uint64_t{0}, 10);
    EXPECT_EQ(mail.size(), 1U) << "the forged one was not delivered";
}

TEST_F(transactions_test, lists_come_before_presence) {
    // Bob asked for Carol, who accepts and is pushed in one transaction, the push first.
    far.invite(bob, "@carol:near");
    world.settle();
    EXPECT_TRUE(take(R"({"origin":"near","edus":[
        {"edu_type":"m.presence","content":{"push":[{"user_id":"@carol:near","presence":"online",
         "status_msg":"here"}]}},
        {"edu_type":"m.presence_accept","content":
         {"observer_user":"@bob:far","observed_user":"@carol:near"}}]})"));
    const auto seen = far.look(bob, "@carol:near");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->text, "here");
}

TEST_F(transactions_test, a_push_of_another_servers_user_is_not_taken) {
    far.invite(bob, "@carol:near");
    world.settle();
    take(R"({"edus":[{"edu_type":"m.presence_accept","content":
         {"observer_user":"@bob:far","observed_user":"@carol:near"}}]})");
    take(R"({"edus":[{"edu_type":"m.presence","content":{"push":[
        {"user_id":"@carol:near","presence":"online","status_msg":"forged"}]}}]})",
         "1", "evil");
    EXPECT_EQ(far.look(bob, "@carol:near")->text, "");
}

TEST_F(transactions_test, only_the_last_ones_of_an_origin_are_remembered) {
    for (std::size_t i = 0; i <= base::limits::transactions_remembered; ++i) {
        EXPECT_TRUE(take("{}", std::to_string(i)));
    }
    EXPECT_TRUE(take(invite(), "0")) << "taken as a new one";
    EXPECT_EQ(incoming(), 1U);
}

}  // namespace
}  // namespace porchlight::federation
