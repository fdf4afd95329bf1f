#include "homeserver/rooms/history.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "homeserver/rooms/limits_reached.h"
#include "support/house_bench.h"

// Who may see what of a room's past (specification, "Room history visibility").
namespace porchlight::homeserver {
namespace {

using enum history_visibility;

TEST(visible_event, is_the_table_of_the_specification) {
    using m = membership;
    const m every[] = {m::none, m::invite, m::join, m::leave, m::ban, m::knock};
    for (const m then : every) {
        for (const m now : every) {
            const bool was_in = then == m::join;
            EXPECT_TRUE(visible_event(world_readable, then, now));
            EXPECT_EQ(visible_event(shared, then, now), was_in || now == m::join);
            EXPECT_EQ(visible_event(invited, then, now), was_in || then == m::invite);
            EXPECT_EQ(visible_event(history_visibility::joined, then, now), was_in);
        }
    }
}

// A room's life as a store sees it, read by bob.
class history : public testing::Test {
  protected:
    void state(std::string type, std::string key, json::object content) {
        add(std::move(type), std::move(key), std::move(content));
    }
    void bob(std::string_view membership) {
        state("m.room.member", user, {{"membership", membership}});
        const auto to = parse(membership);
        now = {room_key{0}, to, next, false};
    }
    void visibility(std::string_view v) {
        state("m.room.history_visibility", "", {{"history_visibility", v}});
    }
    void say(const std::string& body) { add("m.room.message", std::nullopt, {{"body", body}}); }
    std::string seen(bool newest_first = false) {
        ports::event_query q;
        q.room = room_key{0};
        q.newest_first = newest_first;
        q.limit = 1000;
        std::string text;
        for (const auto& row : history_reader(store, user, now).visible(store.events(q))) {
            if (row.type == "m.room.message") {
                const auto event = matrix::parse_json(row.json).value();
                text += std::string(event.at("content").at("body").as_string()) + " ";
            } else if (row.type == "m.room.member") {
                text += "(member) ";
            }
        }
        return text;
    }

    storage::memory_store store;
    const std::string user = "@bob:porch.test";
    membership_info now{room_key{0}, membership::none, 0, false};
    std::uint64_t next = 0;

  private:
    static membership parse(std::string_view text) {
        return text == "join"     ? membership::join
               : text == "invite" ? membership::invite
               : text == "ban"    ? membership::ban
                                  : membership::leave;
    }
    void add(std::string type, std::optional<std::string> key, json::object content) {
        ports::event_row row;
        row.position = ++next;
        row.room = room_key{0};
        row.event_id = "$" + std::to_string(next);
        row.type = std::move(type);
        row.state_key = std::move(key);
        row.sender = "@alice:porch.test";
        row.json = json::serialize(json::object{{"content", std::move(content)}});
        const ports::write_set set{row};
        store.commit(std::span{&set, 1}, true);
    }
};

TEST_F(history, shared_is_open_to_who_joins_later) {
    visibility("shared");
    say("before");
    EXPECT_EQ(seen(), "");
    bob("invite");
    say("between");
    EXPECT_EQ(seen(), "");
    bob("join");
    say("after");
    EXPECT_EQ(seen(), "before (member) between (member) after ");
    EXPECT_EQ(seen(true), "after (member) between (member) before ");
}

TEST_F(history, invited_begins_with_the_invite) {
    visibility("invited");
    say("before");
    bob("invite");
    say("between");
    bob("join");
    say("after");
    EXPECT_EQ(seen(), "(member) between (member) after ");
}

TEST_F(history, joined_begins_with_the_join) {
    visibility("joined");
    say("before");
    bob("invite");
    say("between");
    bob("join");
    say("after");
    EXPECT_EQ(seen(), "(member) after ");
}

TEST_F(history, who_left_keeps_what_was_and_sees_nothing_new) {
    visibility("shared");
    say("before");
    bob("join");
    say("inside");
    bob("leave");
    say("after");
    EXPECT_EQ(seen(), "before (member) inside (member) ");
    EXPECT_EQ(history_reader(store, user, now).state_position(), now.position);
}

TEST_F(history, who_was_banned_before_joining_sees_nothing) {
    visibility("shared");
    say("before");
    bob("ban");
    say("after");
    EXPECT_EQ(seen(), "");
    EXPECT_FALSE(history_reader(store, user, now).state_position());
}

TEST_F(history, what_came_after_leaving_takes_nothing_away) {
    visibility("shared");
    bob("join");
    say("while in");
    bob("leave");
    say("after");
    for (const auto* later : {"ban", "leave", "invite", "knock"}) {
        bob(later);
        EXPECT_EQ(seen().substr(0, 18), "(member) while in ") << later;
        EXPECT_EQ(seen().find("after"), std::string::npos) << later;
    }
}

TEST_F(history, is_not_looked_for_behind_too_many_changes) {
    visibility("shared");
    say("before");
    bob("join");
    bob("leave");
    for (std::size_t i = 2; i <= base::limits::membership_steps_max; ++i) {
        bob(i % 2 == 0 ? "ban" : "leave");
    }
    EXPECT_NE(seen().find("before"), std::string::npos);
    const auto before = membership_steps_limit_reached.value();
    bob("knock");
    EXPECT_EQ(seen().find("before"), std::string::npos);
    EXPECT_GT(membership_steps_limit_reached.value(), before);
}

TEST_F(history, a_change_of_visibility_holds_from_there_on) {
    visibility("joined");
    say("closed");
    visibility("world_readable");
    say("open");
    visibility("joined");
    say("closed again");
    EXPECT_EQ(seen(), "open ");
}

}  // namespace
}  // namespace porchlight::homeserver
