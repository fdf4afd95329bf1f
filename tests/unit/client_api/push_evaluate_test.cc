#include "client_api/push/evaluate.h"

#include <gtest/gtest.h>

#include "client_api/push/push.h"

// The default push rules against events, as a table.
namespace porchlight::client_api {
namespace {

struct push_case {
    const char* what;
    json::object event;
    bool notifies, highlights;
};

json::object message(json::object content) {
    if (!content.contains("msgtype")) {
        content["msgtype"] = "m.text";
    }
    return {{"type", "m.room.message"}, {"sender", "@bob:porch.test"}, {"content", content}};
}
json::object text(const char* body) {
    return message({{"body", body}});
}
json::object event(const char* type, json::object content, const char* state_key = nullptr) {
    json::object e{{"type", type}, {"sender", "@bob:porch.test"}, {"content", content}};
    if (state_key != nullptr) {
        e["state_key"] = state_key;
    }
    return e;
}
json::object mentions(json::object who, const char* body = "hello") {
    return message({{"body", body}, {"m.mentions", who}});
}

class default_rules : public testing::TestWithParam<push_case> {};

TEST_P(default_rules, decide) {
    push_context context;
    context.displayname = [] { return std::string("Alice Liddell"); };
    context.member_count = [] { return std::size_t{3}; };
    context.may_notify = [](std::string_view sender, std::string_view key) {
        return sender == "@moderator:porch.test" && key == "room";
    };
    const auto made = evaluate_push(push_rules_of("@alice:porch.test"), GetParam().event, context);
    EXPECT_EQ(made.notifies, GetParam().notifies) << GetParam().what;
    EXPECT_EQ(made.highlights, GetParam().highlights) << GetParam().what;
}

json::object by_moderator(json::object e) {
    e["sender"] = "@moderator:porch.test";
    return e;
}

INSTANTIATE_TEST_SUITE_P(
    of_the_specification, default_rules,
    testing::Values(
        push_case{"a message", text("hello"), true, false},
        push_case{"an encrypted one", event("m.room.encrypted", {}), true, false},
        push_case{"a notice", message({{"msgtype", "m.notice"}, {"body", "alice"}}), false, false},
        push_case{"the localpart as a word", text("hey Alice!"), true, true},
        push_case{"inside a longer word", text("malice and alices"), true, false},
        push_case{"a later word", text("malice, alice"), true, true},
        push_case{"the display name", text("is alice liddell here"), true, true},
        push_case{"half of the display name", text("liddell"), true, false},
        push_case{"a mention", mentions({{"user_ids", {"@alice:porch.test"}}}), true, true},
        push_case{"a mention of others, with the name in the text",
                  mentions({{"user_ids", {"@carol:porch.test"}}}, "alice"), true, false},
        push_case{"the room by who may", by_moderator(mentions({{"room", true}})), true, true},
        push_case{"the room by who may not", mentions({{"room", true}}), true, false},
        push_case{"@room in the text", by_moderator(text("@room: lunch")), true, true},
        push_case{"@room by who may not", text("@room: lunch"), true, false},
        push_case{"a name changed", event("m.room.member", {{"membership", "join"}}, "@x:y"), false,
                  false},
        push_case{"an invite for me",
                  event("m.room.member", {{"membership", "invite"}}, "@alice:porch.test"), true,
                  false},
        push_case{"a tombstone", event("m.room.tombstone", {}, ""), true, true},
        push_case{"a reaction", event("m.reaction", {}), false, false},
        push_case{"an edit",
                  message({{"body", "x"}, {"m.relates_to", {{"rel_type", "m.replace"}}}}), false,
                  false},
        push_case{"a call", event("m.call.invite", {}), true, false},
        push_case{"a topic", event("m.room.topic", {{"topic", "alice"}}, ""), false, false},
        push_case{"no text where one should be", message({{"body", 5}}), true, false},
        push_case{"no content", {{"type", "m.room.message"}}, true, false}));

TEST(push_rules, the_first_that_matches_decides_and_switched_off_ones_do_not) {
    const push_context none;
    const auto rule = [](const char* id, json::array actions, bool enabled = true) {
        return json::object{{"rule_id", id}, {"enabled", enabled}, {"actions", actions}};
    };
    const json::object loud{{"set_tweak", "highlight"}};
    json::object rules{
        {"override", {rule("off", {"notify", loud}, false)}},
        {"room", {rule("!r:porch.test", {"notify"})}},
        {"sender", {rule("@bob:porch.test", {"notify", loud})}},
        {"underride", json::array()},
    };
    auto e = text("x");
    EXPECT_TRUE(evaluate_push(rules, e, none).highlights);
    e["room_id"] = "!r:porch.test";
    EXPECT_TRUE(evaluate_push(rules, e, none).notifies);
    EXPECT_FALSE(evaluate_push(rules, e, none).highlights);
}

TEST(push_rules, conditions_that_are_unknown_or_damaged_are_not_met) {
    const push_context none;
    for (const json::value& condition : json::array{
             {{"kind", "org.example"}}, {{"kind", "event_match"}}, "text", json::object()}) {
        const json::object rules{{"override",
                                  {{{"rule_id", "x"},
                                    {"enabled", true},
                                    {"conditions", {condition}},
                                    {"actions", {"notify"}}}}}};
        EXPECT_FALSE(evaluate_push(rules, text("x"), none).notifies) << condition;
    }
}

}  // namespace
}  // namespace porchlight::client_api
