#include <gtest/gtest.h>

#include "base/limits.h"
#include "homeserver/name_keys.h"
#include "integration/storms/real_house.h"

// The storms of rooms that servers share, counted where they arrive: real keys and signatures, the
// real outbox, real TLS sockets. Which rooms are shared is a directory's, set by hand.
namespace porchlight::test {
namespace {

using presence::state;
using namespace std::chrono_literals;
namespace limits = base::limits;

struct storms_over_sockets : testing::Test {
    static std::vector<base::user_key> keys(const std::vector<homeserver::caller>& who) {
        std::vector<base::user_key> all;
        for (const auto& c : who) {
            all.push_back(c.user);
        }
        return all;
    }
    void meet(const std::vector<homeserver::caller>& who) { far.rooms.meet(near.name, keys(who)); }

    real_pair pair;
    real_house& near = pair.near;
    real_house& far = pair.far;
};

TEST_F(storms_over_sockets, a_server_that_joins_a_large_room_gets_one_chain_of_edus) {
    constexpr std::size_t hall = 2'620;
    const auto all = far.people(hall, state::online);
    near.holds = true;
    meet(all);
    pair.advance(30s);
    std::size_t links = 0;
    for (; near.waiting() > 0; ++links) {
        EXPECT_EQ(near.waiting(), 1U) << "the next begins when the one before is answered";
        near.let_one_go();
        pair.advance(5s);
    }
    EXPECT_EQ(links, near.came.size());
    EXPECT_GT(links, 1U) << "else there was no chain to see";
    EXPECT_EQ(near.pushes(), hall);
    EXPECT_LE(near.edus(), (hall + limits::edu_pushes_max - 1) / limits::edu_pushes_max);
    for (const auto& body : near.came) {
        EXPECT_LE(body.at("edus").get_array().size(), limits::transaction_edus_max);
    }
}

TEST_F(storms_over_sockets, who_is_offline_is_no_part_of_it) {
    meet(far.people(300, state::offline));
    pair.advance(1h);
    EXPECT_EQ(near.pushes(), 0U);
}

TEST_F(storms_over_sockets, one_flip_with_50_shared_rooms_sends_one_push) {
    const auto one = far.people(1, state::online);
    for (int room = 0; room < 50; ++room) {
        meet(one);
    }
    pair.advance(5s);
    ASSERT_EQ(near.pushes(), 1U);
    far.put(one[0], state::unavailable, "flipped");
    pair.advance(10s);
    EXPECT_EQ(near.pushes(), 2U);
}

TEST_F(storms_over_sockets, nothing_goes_on_after_the_last_shared_room_is_left) {
    const auto one = far.people(1, state::online);
    meet(one);
    pair.advance(5s);
    ASSERT_EQ(near.pushes(), 1U);
    far.put(one[0], state::unavailable, "queued");
    far.rooms.part(near.name, one[0].user);
    far.put(one[0], state::online, "after");
    pair.advance(3h);
    EXPECT_EQ(near.came.size(), 1U);
}

TEST_F(storms_over_sockets, what_changes_while_a_transaction_is_under_way_is_told_once) {
    const auto one = far.people(1, state::online);
    near.holds = true;
    meet(one);
    pair.advance(5s);
    ASSERT_EQ(near.waiting(), 1U);
    for (int i = 0; i < 20; ++i) {
        far.put(one[0], state::online, "text " + std::to_string(i));
        pair.advance(1s);
    }
    EXPECT_EQ(near.came.size(), 1U);
    near.holds = false;
    near.let_one_go();
    pair.advance(5s);
    ASSERT_EQ(near.pushes(), 2U);
    const auto& last = near.came.back().at("edus").at(0).at("content").at("push").at(0);
    EXPECT_EQ(last.at("status_msg"), "text 19");
}

TEST_F(storms_over_sockets, an_observer_there_sees_what_was_pushed) {
    const auto subject = far.people(1, state::online);
    const auto observer = near.people(1, state::online);
    const std::string subject_id = "@u0:" + far.name;
    near.house.lists.change_list(observer[0], {.invite = {subject_id}},
                                 [](const matrix::outcome<void>&) {});
    pair.advance(5s);
    far.house.lists.answer_invites(subject[0], {.accept = {"@u0:" + near.name}},
                                   [](const matrix::outcome<void>&) {});
    meet(subject);
    pair.advance(5s);
    const auto key = near.house.accounts.names().find(subject_id);
    ASSERT_TRUE(key.has_value());
    const auto seen = near.house.engine.look(observer[0].user, *key, near.house.clock.at);
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->text, "here");
    EXPECT_EQ(seen->shown, state::online);
}

}  // namespace
}  // namespace porchlight::test
