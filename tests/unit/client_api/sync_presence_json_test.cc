#include "client_api/sync/presence_json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "client_api/sync/presence_answers.h"
#include "unit/client_api/sync_bench.h"

// m.presence events and answers of presence alone, to the byte.
namespace porchlight::client_api {
namespace {

using base::from_unix_ms;

std::string rendered(const presence_event& e, std::int64_t now_ms) {
    std::string out;
    append_presence_event(out, e, from_unix_ms(now_ms));
    return out;
}

TEST(sync_presence_json, an_event_with_everything) {
    EXPECT_EQ(rendered({"@a:b", presence::state::online, false, true, from_unix_ms(1000),
                        "hi \"x\"", "Alice", "mxc://b/c"},
                       1400),
              R"({"type":"m.presence","sender":"@a:b","content":{"user_id":"@a:b",)"
              R"("presence":"online","last_active_ago":400,"currently_active":true,)"
              R"("status_msg":"hi \"x\"","displayname":"Alice","avatar_url":"mxc://b/c"}})");
}

TEST(sync_presence_json, what_is_absent_is_left_out) {
    EXPECT_EQ(rendered({"@a:b", presence::state::offline, false, false, {}, "", "", ""}, 0),
              R"({"type":"m.presence","sender":"@a:b","content":{"user_id":"@a:b",)"
              R"("presence":"offline","currently_active":false}})");
}

TEST(sync_presence_json, last_active_ago_is_never_negative) {
    const auto text =
        rendered({"@a:b", presence::state::busy, false, false, from_unix_ms(9), "", "", ""}, 5);
    EXPECT_NE(text.find(R"("presence":"busy","last_active_ago":0,)"), std::string::npos) << text;
}

TEST(sync_presence_json, the_hidden_user_sees_hidden) {
    const auto text = rendered({"@a:b", presence::state::online, true, false, {}, "", "", ""}, 0);
    EXPECT_NE(text.find(R"("presence":"hidden")"), std::string::npos) << text;
}

TEST(sync_presence_json, any_event_is_valid_json_without_null_or_fraction) {
    EXPECT_TRUE(rc::check(
        [](std::string text, std::string name, bool active, std::int64_t last, std::int64_t now) {
            const auto limited = [](std::int64_t t) { return t % (std::int64_t{1} << 50); };
            std::erase_if(text, [](char c) { return (c & 0x80) != 0; });
            std::erase_if(name, [](char c) { return (c & 0x80) != 0; });
            const presence_event e{
                "@a:b",
                *rc::gen::element(presence::state::offline, presence::state::unavailable,
                                  presence::state::online, presence::state::free_for_chat,
                                  presence::state::busy),
                false,
                active,
                last % 2 == 0 ? std::optional{from_unix_ms(limited(last))} : std::nullopt,
                text,
                name,
                ""};
            const auto v = boost::json::parse(rendered(e, limited(now)));
            RC_ASSERT(!test::holds_null(v));
            const auto& content = v.at("content").as_object();
            RC_ASSERT(content.contains("last_active_ago") == e.last_active.has_value());
            if (const auto* ago = content.if_contains("last_active_ago")) {
                RC_ASSERT(ago->is_int64());
                RC_ASSERT(ago->get_int64() >= 0);
            }
            RC_ASSERT(content.contains("status_msg") == !text.empty());
            if (const auto* shown = content.if_contains("status_msg")) {
                RC_ASSERT(std::string_view{shown->as_string()} == text);
            }
        }));
}

TEST(sync_presence_json, a_token_is_written_as_the_engine_writes_it) {
    EXPECT_TRUE(rc::check([](std::uint64_t d, std::uint64_t p, std::uint32_t k) {
        std::string text;
        append_token(text, {d, p, k});
        RC_ASSERT(text == engine::to_string({d, p, k}));
    }));
}

// --- answers ---

class presence_answers_test : public testing::Test {
  protected:
    test::hand_sender sender;
    test::hand_clock clock;
    std::vector<std::unique_ptr<engine::batch>> returned;
    presence_answers answers{sender, clock, [this](auto b) { returned.push_back(std::move(b)); }};

    static std::unique_ptr<engine::batch> batch_of(std::initializer_list<std::string_view> ids) {
        auto b = std::make_unique<engine::batch>();
        b->at = {base::mono_time{base::milliseconds{5000}}, from_unix_ms(10'000)};
        for (const std::string_view id : ids) {
            engine::batch::subject s{};
            s.shown = presence::state::unavailable;
            s.last_active = from_unix_ms(9'000);
            s.user_id = static_cast<std::uint32_t>(b->arena.size());
            s.user_id_size = static_cast<std::uint32_t>(id.size());
            b->arena.insert(b->arena.end(), id.begin(), id.end());
            b->subjects.push_back(s);
        }
        return b;
    }
    void add(engine::batch& b, stream_kind kind, std::vector<std::uint32_t> subjects,
             bool durable_news = false) {
        engine::batch::delivery d{};
        d.handle = {0, sender.next_slot++, 1};
        d.kind = static_cast<std::uint32_t>(kind);
        d.since = engine::token{1, 2, 0};
        d.next = {3, 4, 5};
        d.first = static_cast<std::uint32_t>(b.indices.size());
        d.count = static_cast<std::uint32_t>(subjects.size());
        d.durable_news = durable_news;
        b.indices.insert(b.indices.end(), subjects.begin(), subjects.end());
        b.deliveries.push_back(d);
    }
    void send(std::unique_ptr<engine::batch> b) {
        answers.send(std::make_shared<shared_batch>(shared_batch{std::move(b)}));
    }
    void run() {
        while (sender.step()) {
        }
    }
    static std::string event(std::string_view id) {
        const std::string name{id};
        return R"({"type":"m.presence","sender":")" + name + R"(","content":{"user_id":")" + name +
               R"(","presence":"unavailable","last_active_ago":1000,"currently_active":false}})";
    }
    const std::string rest =
        R"(]},"to_device":{"events":[]},"device_lists":{"changed":[],"left":[]},)"
        R"("device_one_time_keys_count":{"signed_curve25519":0},)"
        R"("device_unused_fallback_key_types":[]})";
};

TEST_F(presence_answers_test, a_sync_answer_is_whole_and_each_has_its_own_subjects) {
    auto b = batch_of({"@a:x", "@b:x"});
    add(*b, stream_kind::sync, {0, 1});
    add(*b, stream_kind::sync, {1});
    add(*b, stream_kind::sync, {});
    send(std::move(b));
    EXPECT_TRUE(sender.answers.empty()) << "nothing is rendered on the deciding thread";
    run();
    const std::string head = R"({"next_batch":"3.4.5","account_data":{"events":[]},)"
                             R"("rooms":{"join":{},"invite":{},"leave":{}},"presence":{"events":[)";
    EXPECT_EQ(sender.answers.at(0).body, head + event("@a:x") + "," + event("@b:x") + rest);
    EXPECT_EQ(sender.answers.at(1).body, head + event("@b:x") + rest);
    EXPECT_EQ(sender.answers.at(2).body, head + rest);
}

TEST_F(presence_answers_test, a_batch_comes_back_with_the_moment_its_thread_came_to_it) {
    auto b = batch_of({"@a:x"});
    add(*b, stream_kind::sync, {0});
    send(std::move(b));
    clock.at.mono += base::milliseconds{70};
    run();
    EXPECT_EQ(returned.at(0)->begun, clock.at.mono);
}

TEST_F(presence_answers_test, an_events_answer_tells_where_it_starts_and_ends) {
    auto b = batch_of({"@a:x"});
    add(*b, stream_kind::events, {0});
    send(std::move(b));
    run();
    EXPECT_EQ(sender.answers.at(0).body,
              R"({"start":"1.2.0","end":"3.4.5","chunk":[)" + event("@a:x") + "]}");
}

TEST_F(presence_answers_test, deliveries_with_durable_news_are_left_to_others) {
    auto b = batch_of({"@a:x"});
    add(*b, stream_kind::sync, {0}, true);
    add(*b, stream_kind::sync, {0});
    send(std::move(b));
    run();
    EXPECT_FALSE(sender.answers.contains(0));
    EXPECT_TRUE(sender.answers.contains(1));
}

TEST_F(presence_answers_test, the_batch_comes_back_when_nobody_else_holds_it) {
    auto b = batch_of({"@a:x"});
    add(*b, stream_kind::sync, {0});
    send(std::move(b));
    run();
    EXPECT_EQ(returned.size(), 1U);
    auto held = std::make_shared<shared_batch>(shared_batch{batch_of({"@a:x"})});
    add(*held->content, stream_kind::sync, {0});
    answers.send(held);
    run();
    EXPECT_EQ(returned.size(), 1U);
    EXPECT_NE(held->content, nullptr);
}

TEST_F(presence_answers_test, a_large_batch_lets_the_loop_run_in_between) {
    auto b = batch_of({"@a:x"});
    for (int i = 0; i < 1200; ++i) {
        add(*b, stream_kind::sync, {0});
    }
    send(std::move(b));
    std::size_t tasks = 0;
    while (sender.step()) {
        ++tasks;
        EXPECT_LE(sender.answers.size(), 500 * tasks);
    }
    EXPECT_EQ(sender.answers.size(), 1200U);
    EXPECT_EQ(tasks, 3U);
}

}  // namespace
}  // namespace porchlight::client_api
