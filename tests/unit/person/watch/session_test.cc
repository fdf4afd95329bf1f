#include "person/watch/session.h"

#include <gmock/gmock.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "person/account.h"
#include "person/limits.h"
#include "person/watch/change_lines.h"

namespace porchlight::person {
namespace {

using namespace std::chrono_literals;
using base::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A watch with a clock and a server that are moved by hand.
class Session : public testing::Test {
  protected:
    Session() { begin({}); }

    void begin(session_options o) {
        o.user_id = "@alice:porch.test";
        o.server = "https://porch.test";
        s_.emplace(o, now_);
    }
    void pass(milliseconds t) {
        now_.mono += t;
        now_.wall += t;
    }
    // The path asked; empty: nothing is due.
    std::string ask() {
        const auto q = s_->next(now_);
        return q ? q->path : "";
    }
    std::vector<change> answer(const std::string& body, long status = 200) {
        return s_->answered({"", status, body}, now_);
    }
    std::vector<change> no_answer() { return s_->answered({"nobody answers", 0, ""}, now_); }

    // Until the first sync was answered, on a server without lists.
    void start() {
        EXPECT_EQ(ask(), "/_matrix/client/versions");
        answer(R"({"versions":["v1.1"]})");
        pass(1s);
        EXPECT_THAT(ask(), HasSubstr("/sync?"));
        answer(R"({"next_batch":"1"})");
        pass(1s);
    }
    static std::string sync_with(const std::string& user, const std::string& content) {
        return R"({"next_batch":"2","presence":{"events":[{"type":"m.presence","sender":")" + user +
               R"(","content":)" + content + "}]}}";
    }
    static std::string refusal(const std::string& code) {
        return R"({"errcode":")" + code + R"(","error":"e"})";
    }

    base::instant now_{base::mono_time{1'000'000ms}, base::wall_time{1'700'000'000'000ms}};
    std::optional<session> s_;
};

TEST_F(Session, polls_from_the_last_answer_on_and_marks_online) {
    start();
    const std::string path = ask();
    EXPECT_THAT(path, HasSubstr("since=1"));
    EXPECT_THAT(path, HasSubstr("set_presence=online"));
    EXPECT_THAT(path, HasSubstr("timeout=30000"));
    EXPECT_EQ(ask(), "") << "one request at a time";
}

TEST_F(Session, without_a_key_for_the_idle_time_one_is_unavailable_at_once) {
    start();
    ask();
    pass(3min - 2s - 1ms);
    EXPECT_FALSE(s_->is_stale(now_));
    EXPECT_EQ(s_->wake_at(now_), now_.mono + 1ms);
    pass(1ms);
    EXPECT_TRUE(s_->is_stale(now_)) << "the poll under way says online";
    s_->given_up(now_);
    EXPECT_THAT(ask(), HasSubstr("set_presence=unavailable"));
    EXPECT_FALSE(s_->is_stale(now_));
    EXPECT_EQ(s_->wake_at(now_), std::nullopt) << "an idle watch wakes for nothing";
}

TEST_F(Session, a_key_makes_one_online_at_once) {
    start();
    pass(10min);
    EXPECT_THAT(ask(), HasSubstr("set_presence=unavailable"));
    EXPECT_FALSE(s_->keys("x", now_));
    EXPECT_TRUE(s_->is_stale(now_));
    s_->given_up(now_);
    EXPECT_THAT(ask(), HasSubstr("set_presence=online"));
}

TEST_F(Session, keys_keep_one_online) {
    start();
    for (int i = 0; i < 20; ++i) {
        pass(2min);
        s_->keys(" ", now_);
        EXPECT_EQ(s_->marking(now_), "online");
    }
}

TEST_F(Session, the_idle_time_and_the_state_are_the_users) {
    begin({.user_id = {}, .server = {}, .state = "busy", .marks = true, .idle = 1min, .seed = 1});
    EXPECT_EQ(s_->marking(now_), "busy");
    pass(1min);
    EXPECT_EQ(s_->marking(now_), "unavailable");
}

TEST_F(Session, who_only_watches_marks_nothing_whatever_is_typed) {
    begin(
        {.user_id = {}, .server = {}, .state = "online", .marks = false, .idle = 1min, .seed = 1});
    start();
    EXPECT_THAT(ask(), HasSubstr("set_presence=offline"));
    pass(10min);
    s_->keys("x", now_);
    EXPECT_FALSE(s_->is_stale(now_));
}

TEST_F(Session, a_laptop_that_slept_for_hours_does_not_come_online_for_a_moment) {
    start();
    ask();
    pass(8h);  // no tick in between
    EXPECT_TRUE(s_->is_stale(now_));
    no_answer();
    std::vector<std::string> said;
    for (int i = 0; i < 20; ++i) {
        pass(1min);
        said.push_back(ask());
        no_answer();
    }
    EXPECT_THAT(said, testing::Each(HasSubstr("set_presence=unavailable")));
}

TEST_F(Session, a_laptop_woken_by_a_key_was_not_away) {
    start();
    ask();
    pass(8h);
    s_->keys("x", now_);
    EXPECT_FALSE(s_->is_stale(now_)) << "never unavailable in between";
    no_answer();
    pass(1min);
    EXPECT_THAT(ask(), HasSubstr("set_presence=online"));
}

TEST_F(Session, only_a_q_alone_quits) {
    EXPECT_TRUE(s_->keys("q", now_));
    EXPECT_FALSE(s_->keys("a quick paste", now_));
    EXPECT_FALSE(s_->keys("\x1b[A", now_));
}

TEST_F(Session, empty_answers_that_come_at_once_are_not_asked_for_in_a_loop) {
    start();
    int asked = 0;
    for (int i = 0; i < 1000; ++i) {  // ten seconds
        if (!ask().empty()) {
            ++asked;
            answer(R"({"next_batch":"1"})");
        }
        pass(10ms);
    }
    EXPECT_LE(asked, 10);
    EXPECT_GE(asked, 9);
}

TEST_F(Session, answers_full_of_news_come_at_most_ten_times_a_second) {
    start();
    int asked = 0;
    for (int i = 0; i < 1000; ++i) {  // a second
        if (!ask().empty()) {
            ++asked;
            answer(sync_with("@bob:porch.test", R"({"presence":"online"})"));
        }
        pass(1ms);
    }
    EXPECT_LE(asked, 10);
}

TEST_F(Session, a_lost_connection_is_told_once_with_its_moment_and_retried_ever_more_slowly) {
    start();
    ask();
    const auto lost_at = now_.wall;
    const auto told = no_answer();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].what, change::kind::lost);
    std::vector<milliseconds> waits;
    for (int i = 0; i < 12; ++i) {
        const milliseconds wait = s_->schedule().due() - now_.mono;
        waits.push_back(wait);
        pass(wait - 1ms);
        EXPECT_EQ(ask(), "");
        pass(1ms);
        EXPECT_THAT(ask(), HasSubstr("timeout=0")) << "so that the first answer comes at once";
        EXPECT_TRUE(no_answer().empty());
    }
    EXPECT_GE(waits.front(), 750ms);
    EXPECT_LE(waits.front(), 1s);
    EXPECT_GE(waits.back(), 45s);
    EXPECT_LE(waits.back(), 60s);
    EXPECT_EQ(s_->schedule().lost_since()->wall, lost_at);
    pass(1min);
    ask();
    const auto back = answer(R"({"next_batch":"2"})");
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].what, change::kind::back);
    EXPECT_FALSE(s_->schedule().lost_since());
}

TEST_F(Session, an_answer_that_is_no_sync_is_not_the_connection_coming_back) {
    start();
    ask();
    no_answer();
    pass(1min);
    ask();
    EXPECT_TRUE(answer("{}").empty());
    EXPECT_TRUE(s_->schedule().lost_since());
}

TEST_F(Session, a_server_that_asks_to_wait_is_left_alone_for_so_long) {
    start();
    ask();
    answer(R"({"errcode":"M_LIMIT_EXCEEDED","error":"e","retry_after_ms":20000})", 429);
    EXPECT_EQ(s_->schedule().due() - now_.mono, 20s);
}

TEST_F(Session, a_token_that_is_no_longer_known_ends_the_watch) {
    start();
    ask();
    EXPECT_THROW(answer(refusal("M_UNKNOWN_TOKEN"), 401), logged_out);
}

TEST_F(Session, a_refusal_that_stays_ends_the_watch_and_overload_does_not) {
    start();
    ask();
    answer(refusal("M_UNKNOWN"), 503);
    pass(1min);
    ask();
    answer("<html>", 404);
    pass(1min);
    ask();
    EXPECT_THROW(answer(refusal("M_FORBIDDEN"), 403), refused);
}

TEST_F(Session, a_place_in_the_stream_that_the_server_no_longer_takes_is_begun_anew) {
    start();
    ask();
    answer(refusal("M_INVALID_PARAM"), 400);
    pass(1min);
    EXPECT_THAT(ask(), Not(HasSubstr("since=")));
}

TEST_F(Session, with_lists_those_who_accepted_are_shown_and_those_who_ask_are_told) {
    ask();
    answer(R"({"versions":[],"unstable_features":{"io.porchlight.presence_lists":true}})");
    pass(1s);
    EXPECT_THAT(ask(), HasSubstr("/presence/list/%40alice%3Aporch.test"));
    answer(R"([{"user_id":"@bob:porch.test","accepted":true,
                "content":{"user_id":"@bob:porch.test","presence":"offline"}},
               {"user_id":"@carol:porch.test","accepted":false,
                "content":{"user_id":"@carol:porch.test","presence":"offline"}}])");
    EXPECT_NE(s_->shown().find("@bob:porch.test"), nullptr);
    EXPECT_EQ(s_->shown().find("@carol:porch.test"), nullptr);
    pass(1s);
    EXPECT_THAT(ask(), HasSubstr("/presence/invites/"));
    const auto told = answer(R"({"incoming":[{"user_id":"@dan:porch.test","invited_ts":1}]})");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].what, change::kind::asked);
    pass(1s);
    EXPECT_THAT(ask(), HasSubstr("/sync?"));
    answer(R"({"next_batch":"1"})");
    pass(1s);
    EXPECT_THAT(ask(), HasSubstr("/presence/invites/")) << "was Dan answered elsewhere?";
    answer(R"({"incoming":[]})");
    EXPECT_TRUE(s_->askers().empty());
}

TEST_F(Session, an_invite_in_the_stream_is_looked_up_and_one_for_somebody_else_is_not) {
    ask();
    answer(R"({"versions":[],"unstable_features":{"io.porchlight.presence_lists":true}})");
    pass(1s);
    ask();
    answer("[]");
    pass(1s);
    ask();
    answer(R"({"incoming":[]})");
    const auto invite = [&](const std::string& observed) {
        pass(1s);
        EXPECT_THAT(ask(), HasSubstr("/sync?"));
        answer(R"({"next_batch":"1","to_device":{"events":[{"type":"m.presence_invite","content":
            {"observer_user":"@dan:porch.test","observed_user":")" +
               observed + R"("}}]}})");
        pass(1s);
    };
    invite("@somebody:porch.test");
    invite("@alice:porch.test");
    EXPECT_THAT(ask(), HasSubstr("/presence/invites/"));
}

TEST_F(Session, a_server_that_refuses_its_lists_is_watched_without) {
    ask();
    answer(R"({"versions":[],"unstable_features":{"io.porchlight.presence_lists":true}})");
    pass(1s);
    ask();
    answer(refusal("M_FORBIDDEN"), 403);
    pass(1s);
    EXPECT_THAT(ask(), HasSubstr("/sync?"));
}

TEST_F(Session, a_flip_is_told_and_what_changed_nothing_is_not) {
    start();
    const auto hear = [&](const std::string& content) {
        pass(1s);
        ask();
        std::vector<change::kind> kinds;
        for (const change& c : answer(sync_with("@bob:porch.test", content))) {
            kinds.push_back(c.what);
        }
        return kinds;
    };
    EXPECT_THAT(hear(R"({"presence":"online"})"), ElementsAre(change::kind::presence));
    EXPECT_THAT(hear(R"({"presence":"online","last_active_ago":5})"), ElementsAre());
    EXPECT_THAT(hear(R"({"presence":"online","currently_active":true})"),
                ElementsAre(change::kind::activity));
    EXPECT_THAT(hear(R"({"presence":"online","currently_active":true,"status_msg":"x"})"),
                ElementsAre(change::kind::presence));
    EXPECT_THAT(hear(R"({"presence":"unavailable"})"), ElementsAre(change::kind::presence));
    EXPECT_EQ(s_->shown().find("@bob:porch.test")->text, "") << "a text that is absent is cleared";
}

TEST_F(Session, events_of_the_wrong_shape_are_none) {
    start();
    for (const char* content : {"7", "{}", R"({"presence":7})", R"({"presence":""})",
                                R"({"presence":"online","user_id":"bob"})"}) {
        pass(1s);
        ask();
        EXPECT_TRUE(answer(sync_with("@bob:porch.test", content)).empty()) << content;
    }
    pass(1s);
    ask();
    answer(sync_with("@bob:porch.test",
                     R"({"presence":"online","last_active_ago":-5,"status_msg":null})"));
    EXPECT_FALSE(s_->shown().find("@bob:porch.test")->last_active);
}

TEST_F(Session, a_change_is_a_line_for_people_and_an_object_for_programs) {
    start();
    ask();
    const auto told = answer(sync_with("@bob:porch.test",
                                       R"({"presence":"free_for_chat","last_active_ago":180000,
                                           "status_msg":"a\u001b[2J\nb","displayname":"Bob"})"));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_THAT(line_for_people(told[0], now_),
                HasSubstr("Bob (@bob:porch.test) is free for chat, active 3 min ago: a b"));
    const std::string line = line_for_programs(told[0], now_);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(json::parse(line), (json::value{{"ts", 1'700'000'002'000},
                                              {"type", "presence"},
                                              {"user_id", "@bob:porch.test"},
                                              {"presence", "free_for_chat"},
                                              {"currently_active", false},
                                              {"last_active_ago", 180'000},
                                              {"status_msg", "a\x1b[2J\nb"},
                                              {"displayname", "Bob"}}));
}

}  // namespace
}  // namespace porchlight::person
