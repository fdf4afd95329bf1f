#include "client_api/sync/filter.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "client_api/sync/filter_cache.h"

// Filters (specification, "Filtering").
namespace porchlight::client_api {
namespace {

std::string_view name_of(base::user_key u) {
    constexpr std::string_view names[] = {"@alice:a.test", "@bob:a.test", "@carol:b.test"};
    return names[u.index()];
}
filter_ptr compiled(std::string_view text) {
    auto f = compile_filter(text, name_of);
    EXPECT_TRUE(f) << text << ": " << f.error().message;
    return f ? *f : nullptr;
}
constexpr base::user_key alice{0}, bob{1}, carol{2};

TEST(sync_filter, a_star_stands_for_any_run_of_characters) {
    struct row {
        std::string_view pattern, text;
        bool expected;
    };
    constexpr row rows[] = {
        {"m.presence", "m.presence", true},
        {"m.presence", "m.presences", false},
        {"*", "", true},
        {"*", "anything", true},
        {"m.*", "m.room.member", true},
        {"m.*", "org.m.x", false},
        {"m.*.member", "m.room.member", true},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b", "abab", true},
        {"*a*b", "aba", false},
        {"", "", true},
        {"", "x", false},
        {"**", "x", true},
        {"@*:b.test", "@carol:b.test", true},
        {"?", "x", false},
    };
    for (const row& r : rows) {
        EXPECT_EQ(matches(r.pattern, r.text), r.expected) << r.pattern << " on " << r.text;
    }
}

TEST(sync_filter, types_and_senders_of_presence) {
    struct row {
        std::string_view presence;
        bool alice, bob, carol;
    };
    constexpr row rows[] = {
        {R"({"types":["m.presence"],"limit":5})", true, true, true},
        {R"({"types":["m.*"],"limit":5})", true, true, true},
        {R"({"types":[]})", false, false, false},
        {R"({"types":["m.room.message"]})", false, false, false},
        {R"({"not_types":["*"]})", false, false, false},
        {R"({"not_types":["m.presence"],"types":["m.presence"]})", false, false, false},
        {R"({"senders":["@alice:a.test"]})", true, false, false},
        {R"({"senders":["@*:a.test"]})", true, true, false},
        {R"({"not_senders":["@*:a.test"]})", false, false, true},
        {R"({"senders":["@*:a.test"],"not_senders":["@bob:a.test"]})", true, false, false},
        {R"({"senders":[]})", false, false, false},
        {R"({"limit":0})", false, false, false},
    };
    for (const row& r : rows) {
        const auto f = compiled(R"({"presence":)" + std::string{r.presence} + "}");
        ASSERT_NE(f->subjects, nullptr) << r.presence;
        EXPECT_EQ(f->subjects->accepts(alice), r.alice) << r.presence;
        EXPECT_EQ(f->subjects->accepts(bob), r.bob) << r.presence;
        EXPECT_EQ(f->subjects->accepts(carol), r.carol) << r.presence;
    }
}

TEST(sync_filter, a_filter_without_a_word_on_presence_costs_the_engine_nothing) {
    EXPECT_EQ(compiled("{}")->subjects, nullptr);
    EXPECT_EQ(compiled(R"({"room":{"timeline":{"limit":1}}})")->subjects, nullptr);
    EXPECT_EQ(compiled(R"({"presence":{}})")->subjects, nullptr);
}

TEST(sync_filter, the_limit_never_exceeds_that_of_a_response) {
    EXPECT_EQ(compiled(R"({"presence":{"limit":7}})")->subjects->limit(), 7U);
    EXPECT_EQ(compiled(R"({"presence":{"limit":18446744073709551615}})")->subjects->limit(),
              base::limits::presence_per_response_max);
}

TEST(sync_filter, parts_of_the_room_filter) {
    const auto f = compiled(R"({"room":{"rooms":["!a:*"],"not_rooms":["!a:x"],"include_leave":true,
        "timeline":{"limit":3,"types":["m.room.*"],"contains_url":true},
        "state":{"lazy_load_members":true,"not_senders":["@bob:*"]},
        "ephemeral":{"not_types":["m.typing"]},"account_data":{"types":["m.tag"]}},
        "account_data":{"not_types":["m.push_rules"]},"event_format":"federation"})");
    EXPECT_TRUE(f->rooms.passes("!a:y"));
    EXPECT_FALSE(f->rooms.passes("!a:x"));
    EXPECT_FALSE(f->rooms.passes("!b:y"));
    EXPECT_TRUE(f->include_leave);
    EXPECT_EQ(f->timeline.limit, 3U);
    EXPECT_TRUE(f->timeline.passes("m.room.name", "@x:y"));
    EXPECT_FALSE(f->timeline.passes("m.reaction", "@x:y"));
    EXPECT_EQ(f->timeline.contains_url, true);
    EXPECT_TRUE(f->state.lazy_load_members);
    EXPECT_FALSE(f->state.passes("m.room.name", "@bob:b.test"));
    EXPECT_FALSE(f->ephemeral.types.passes("m.typing"));
    EXPECT_TRUE(f->ephemeral.types.passes("m.receipt"));
    EXPECT_FALSE(f->room_account_data.types.passes("m.fully_read"));
    EXPECT_FALSE(f->account_data.types.passes("m.push_rules"));
    EXPECT_TRUE(f->federation_format);
}

TEST(sync_filter, a_mistake_is_told_with_its_place_and_what_is_allowed) {
    struct row {
        std::string text, named;
    };
    const row rows[] = {
        {"{", "filter: "},
        {"[]", "object"},
        {R"({"presence":[]})", "presence must be an object"},
        {R"({"presence":{"types":"m.presence"}})", "presence.types must be a list of strings"},
        {R"({"presence":{"types":[1]}})", "presence.types must be a list of strings"},
        {R"({"presence":{"limit":-1}})", "presence.limit must be a whole number"},
        {R"({"presence":{"limit":1.5}})", "presence.limit must be a whole number"},
        {R"({"room":{"timeline":{"contains_url":"yes"}}})",
         "room.timeline.contains_url must be true or false"},
        {R"({"room":{"rooms":{}}})", "room.rooms must be a list of strings"},
        {R"({"event_format":"xml"})", "event_format must be"},
        {R"({"event_fields":"type"})", "event_fields must be a list of strings"},
    };
    for (const row& r : rows) {
        const auto f = compile_filter(r.text, name_of);
        ASSERT_FALSE(f) << r.text;
        EXPECT_EQ(f.error().code, matrix::errc::invalid_param);
        EXPECT_NE(f.error().message.find(r.named), std::string::npos) << f.error().message;
    }
}

TEST(sync_filter, a_filter_over_the_limit_is_refused) {
    const std::string text =
        R"({"x":")" + std::string(base::limits::filter_bytes_max, 'x') + R"("})";
    EXPECT_FALSE(compile_filter(text, name_of));
}

TEST(sync_filter, unknown_members_and_null_are_as_if_absent) {
    EXPECT_EQ(
        compiled(R"({"org.x":{"types":7},"presence":{"types":null,"x":1},"room":null})")->subjects,
        nullptr);
}

TEST(sync_filter, event_fields_keep_what_they_name) {
    const auto event = boost::json::parse(
        R"({"type":"t","content":{"body":"b","url":"u","a.b":1},"sender":"s","event_id":"e"})");
    const auto shown = [&event](std::string_view fields) {
        const auto f = compiled(R"({"event_fields":)" + std::string{fields} + "}");
        return boost::json::serialize(select_fields(event.as_object(), f->event_fields));
    };
    EXPECT_EQ(shown(R"(["type","content.body"])"), R"({"type":"t","content":{"body":"b"}})");
    EXPECT_EQ(shown(R"(["content.a\\.b"])"), R"({"content":{"a.b":1}})");
    EXPECT_EQ(shown(R"(["content.none","sender.x"])"), "{}");
    EXPECT_EQ(shown("[]"), boost::json::serialize(event)) << "none named: all are kept";
}

TEST(sync_filter, equal_texts_are_compiled_once) {
    filter_cache cache{name_of};
    const std::string text = R"({"presence":{"limit":1}})";
    const auto first = cache.compile(text);
    EXPECT_EQ(*cache.compile(text), *first);
    EXPECT_EQ(cache.find(alice, 0), nullptr);
    cache.remember(alice, 0, *first);
    EXPECT_EQ(cache.find(alice, 0), *first);
    EXPECT_EQ(cache.find(bob, 0), nullptr) << "ids are each user's own";
    EXPECT_FALSE(cache.compile("nonsense"));
}

TEST(sync_filter, the_cache_forgets_what_is_not_used) {
    filter_cache cache{name_of};
    const auto f = *cache.compile("{}");
    cache.remember(alice, 0, f);
    cache.remember(bob, 0, f);
    for (std::uint32_t i = 1; i < 3 * base::limits::compiled_filters_max; ++i) {
        cache.remember(carol, i, f);
        EXPECT_NE(cache.find(alice, 0), nullptr);
    }
    EXPECT_EQ(cache.find(bob, 0), nullptr);
}

}  // namespace
}  // namespace porchlight::client_api
