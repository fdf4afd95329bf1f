#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/peer_world.h"

// What makes other servers' administrators switch presence off, and must not exist here. Rooms are
// a directory's, set by hand.
namespace porchlight::federation {
namespace {

using presence::state;
using presence::user_visibility;
using test::peer_house;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

struct storms : testing::Test {
    storms() { world.settle(); }
    std::vector<homeserver::caller> people(std::size_t n, state s = state::online) {
        std::vector<homeserver::caller> all;
        for (std::size_t i = 0; i < n; ++i) {
            all.push_back(far.house.sign_up("u" + std::to_string(next_++)).who);
            if (s != state::offline) {
                far.put(all.back(), s, "here");
            } else {
                far.put(all.back(), s);
            }
        }
        far.house.settle();
        world.sent.clear();
        return all;
    }
    static std::vector<base::user_key> keys(const std::vector<homeserver::caller>& who) {
        std::vector<base::user_key> all;
        for (const auto& c : who) {
            all.push_back(c.user);
        }
        return all;
    }
    std::size_t edus(const std::string& to) const {
        std::size_t n = 0;
        for (const auto* t : world.sent_to(to)) {
            n += t->edus().size();
        }
        return n;
    }
    std::size_t pushes(const std::string& to) const { return world.items_to(to, "push").size(); }

    test::peer_world world;
    peer_house& near = world.add("near");
    peer_house& far = world.add("far");

  private:
    std::size_t next_ = 0;
};

TEST_F(storms, a_server_that_joins_a_large_room_gets_one_chain_of_edus) {
    const auto all = people(420);
    int under_way = 0;
    int most = 0;
    world.watch = [&](const test::sent_transaction& t) {
        EXPECT_LE(t.edus().size(), base::limits::transaction_edus_max);
        for (const auto& content : t.edus("m.presence")) {
            EXPECT_LE(content.at("push").get_array().size(), base::limits::edu_pushes_max);
        }
        most = std::max(most, ++under_way);
    };
    world.takes = [&] { return 20ms; };
    far.rooms.meet("near", keys(all));
    world.advance(1s);
    EXPECT_EQ(pushes("near"), 420U);
    EXPECT_LE(edus("near"), (420U + 49) / 50);
    EXPECT_EQ(world.sent_to("near").size(), 1U) << "100 EDUs fit into one transaction";
}

TEST_F(storms, a_herd_of_offline_edus) {
    far.rooms.meet("near", keys(people(200, state::offline)));
    world.advance(1h);
    EXPECT_EQ(pushes("near"), 0U);
}

TEST_F(storms, one_flip_with_50_shared_rooms_sends_more_than_one_push) {
    const auto one = people(1);
    for (int room = 0; room < 50; ++room) {
        far.rooms.meet("near", keys(one));
    }
    world.advance(2s);
    EXPECT_EQ(pushes("near"), 1U);
    world.sent.clear();
    far.put(one[0], state::unavailable, "flipped");
    world.advance(10s);
    EXPECT_EQ(pushes("near"), 1U);
}

TEST_F(storms, edus_go_on_after_the_last_shared_room_is_left) {
    const auto one = people(1);
    far.rooms.meet("near", keys(one));
    world.advance(2s);
    far.put(one[0], state::online, "queued");
    far.rooms.part("near", one[0].user);
    world.sent.clear();
    far.put(one[0], state::unavailable, "after");
    world.advance(3h);
    EXPECT_EQ(world.sent_to("near").size(), 0U);
}

TEST_F(storms, a_list_goes_on_when_the_last_room_is_left) {
    const auto one = people(1);
    const auto alice = near.house.sign_up("alice").who;
    near.invite(alice, "@u0:far");
    far.answer(one[0], {.accept = {"@alice:near"}});
    far.rooms.meet("near", keys(one));
    world.advance(5s);
    far.rooms.part("near", one[0].user);
    far.put(one[0], state::unavailable, "still seen");
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@u0:far")->text, "still seen");
}

TEST_F(storms, a_keep_alive_spike_every_25_minutes) {
    const auto all = people(500, state::unavailable);
    far.rooms.meet("near", keys(all));
    world.advance(30s);
    // People who stay.
    const auto stay = [&] {
        for (const auto& c : all) {
            far.put(c, state::unavailable);
        }
    };
    world.sent.clear();
    std::vector<std::size_t> each_minute;
    for (int minute = 0; minute < 100; ++minute) {
        const std::size_t before = pushes("near");
        stay();
        world.advance(1min);
        each_minute.push_back(pushes("near") - before);
    }
    std::size_t sum = 0;
    for (std::size_t i = 25; i < each_minute.size(); ++i) {
        sum += each_minute[i];
        EXPECT_LE(each_minute[i], 60U) << "minute " << i << ": 500 / 25 = 20 is the mean";
    }
    EXPECT_GE(sum, 3 * 450U);
    EXPECT_LE(sum, 3 * 550U);
}

TEST_F(storms, one_chain_however_large_the_hall) {
    // 2,600 pushes: 52 EDUs, several transactions by their size, one after the other.
    const auto all = people(2600);
    far.rooms.meet("near", keys(all));
    world.takes = [] { return 200ms; };
    std::vector<base::mono_time> left;
    world.watch = [&](const test::sent_transaction& t) {
        if (!left.empty()) {
            EXPECT_GE(t.at - left.back(), 400ms) << "the answer to the one before came first";
        }
        left.push_back(t.at);
    };
    world.advance(10s);
    EXPECT_EQ(pushes("near"), 2600U);
    EXPECT_LE(edus("near"), 2600U / 50);
    EXPECT_GT(left.size(), 2U) << "else nothing was seen";
}

TEST_F(storms, many_servers_do_not_open_more_connections_than_the_limit) {
    const auto one = people(1);
    for (int i = 0; i < 300; ++i) {
        far.rooms.meet("server" + std::to_string(i), keys(one));
    }
    std::size_t most = 0;
    world.passes = [](auto&, auto&) { return false; };
    world.takes = [] { return 5s; };
    const std::size_t before = world.requests;
    world.advance(1s);
    most = world.requests - before;
    EXPECT_LE(most, base::limits::transactions_at_once);
    world.advance(20s);
    EXPECT_GE(world.requests - before, 300U) << "the others have their turn";
}

TEST_F(storms, a_block_takes_rooms_away_as_a_reason_towards_that_server) {
    const auto one = people(1);
    far.rooms.meet("near", keys(one));
    world.advance(5s);
    far.answer(one[0], {.block = {"@alice:near"}});
    world.advance(5s);
    const auto last = [&] { return world.items_to("near", "push").back(); };
    EXPECT_EQ(last().at("presence"), "offline");
    EXPECT_EQ(last().at("status_msg"), "here") << "frozen";
    world.sent.clear();
    far.put(one[0], state::unavailable, "after");
    world.advance(5s);
    for (const auto& p : world.items_to("near", "push")) {
        EXPECT_EQ(p.at("status_msg"), "here");
        EXPECT_EQ(p.at("presence"), "offline");
    }
    far.answer(one[0], {.unblock = {"@alice:near"}});
    world.advance(5s);
    EXPECT_EQ(last().at("status_msg"), "after");
}

TEST_F(storms, lists_only_leaves_rooms_elsewhere_with_an_offline) {
    const auto one = people(1);
    far.rooms.meet("near", keys(one));
    world.advance(5s);
    far.visibility(one[0], user_visibility::lists_only);
    world.advance(5s);
    const auto last = world.items_to("near", "push").back();
    EXPECT_EQ(last.at("presence"), "offline");
    EXPECT_FALSE(last.get_object().contains("status_msg"));
}

}  // namespace
}  // namespace porchlight::federation
