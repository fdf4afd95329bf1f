#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/client_api/sync_bench.h"

// PUT /sendToDevice, and the messages in the answers of the streams.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
namespace limits = base::limits;
using namespace std::chrono_literals;
using test::answer;
using test::sync_api;
using testing::ElementsAre;
using testing::IsEmpty;
using contents = std::vector<std::string>;

class to_device : public testing::Test {
  protected:
    // Without a transaction id: one of its own.
    answer put(const std::string& body, const std::string& type = "org.example.ring",
               std::string txn_id = {}) {
        if (txn_id.empty()) {
            txn_id = "t" + std::to_string(++sent_);
        }
        return api.ask("PUT", "/_matrix/client/v3/sendToDevice/" + type + "/" + txn_id, body,
                       alice);
    }
    answer ring(const std::string& who, const std::string& device, int n) {
        return put(R"({"messages":{"@)" + who + R"(:porch.test":{")" + device + R"(":{"n":)" +
                   std::to_string(n) + "}}}}");
    }
    static contents in_list(const json::value& events) {
        contents found;
        for (const auto& e : events.as_array()) {
            if (e.at("type") == "org.example.ring") {
                EXPECT_EQ(e.at("sender"), "@alice:porch.test");
                EXPECT_EQ(e.as_object().size(), 3U) << "type, sender and content";
                found.push_back(json::serialize(e.at("content")));
            }
        }
        return found;
    }
    static contents messages(const json::value& sync) {
        return in_list(sync.at("to_device").at("events"));
    }
    contents waiting(const std::string& token) { return messages(api.sync(token)); }
    json::value since(const std::string& token, const std::string& from) {
        return api.sync(token, "since=" + from);
    }
    std::string log_in(const std::string& name) {
        const auto a = api.ask("POST", "/_matrix/client/v3/login",
                               R"({"type":"m.login.password","user":")" + name +
                                   R"(","password":"pw-)" + name + R"("})");
        EXPECT_EQ(a.status, 200) << a.text;
        device_of_last_login = std::string(a.json().at("device_id").as_string());
        return std::string(a.json().at("access_token").as_string());
    }
    json::value events(const std::string& query) {
        const auto a = api.ask("GET", "/_matrix/client/r0/events?timeout=0" + query, {}, bob);
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    }
    static std::string end_of(const json::value& answer) {
        return std::string(answer.at("end").as_string());
    }

    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob, &carol = api.carol;
    std::string device_of_last_login;

  private:
    int sent_ = 0;
};

// --- sending ---

TEST_F(to_device, a_message_goes_to_one_device_or_to_all) {
    const auto tablet = log_in("bob");
    EXPECT_EQ(ring("bob", device_of_last_login, 1).text, "{}");
    EXPECT_THAT(waiting(tablet), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(waiting(bob), IsEmpty());
    EXPECT_EQ(ring("bob", "*", 2).status, 200);
    EXPECT_THAT(waiting(tablet), ElementsAre(R"({"n":1})", R"({"n":2})"));
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":2})"));
    EXPECT_THAT(waiting(alice), IsEmpty());
}

TEST_F(to_device, one_call_reaches_many_users) {
    ASSERT_EQ(put(R"({"messages":{"@bob:porch.test":{"*":{"n":1}},
                                  "@carol:porch.test":{"*":{"n":2}},
                                  "@alice:porch.test":{"*":{"n":3}}}})")
                  .status,
              200);
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(waiting(carol), ElementsAre(R"({"n":2})"));
    EXPECT_THAT(waiting(alice), ElementsAre(R"({"n":3})"));
}

TEST_F(to_device, under_each_prefix_that_ever_had_it) {
    for (const std::string prefix : {"r0", "v3", "unstable"}) {
        EXPECT_EQ(api.ask("PUT", "/_matrix/client/" + prefix + "/sendToDevice/t/" + prefix,
                          R"({"messages":{}})", alice)
                      .status,
                  200)
            << prefix;
    }
    EXPECT_EQ(api.ask("PUT", "/_matrix/client/api/v1/sendToDevice/t/1", "{}", alice).status, 404);
    EXPECT_EQ(api.ask("POST", "/_matrix/client/v3/sendToDevice/t/1", "{}", alice).status, 405);
    EXPECT_EQ(api.ask("PUT", "/_matrix/client/v3/sendToDevice/t/1", "{}").errcode(),
              "M_MISSING_TOKEN");
}

TEST_F(to_device, users_and_devices_that_are_not_here_are_ignored) {
    EXPECT_EQ(put(R"({"messages":{"@nobody:porch.test":{"*":{}},"@bob:elsewhere.test":{"X":{}},
                                  "@bob:porch.test":{"NONE":{},"*":{"n":1}}}})")
                  .text,
              "{}");
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":1})"));
}

TEST_F(to_device, a_transaction_id_sends_once) {
    const std::string body = R"({"messages":{"@bob:porch.test":{"*":{"n":1}}}})";
    EXPECT_EQ(put(body, "org.example.ring", "same").text, "{}");
    EXPECT_EQ(put(body, "org.example.ring", "same").text, "{}");
    EXPECT_EQ(waiting(bob).size(), 1U);
    EXPECT_EQ(put(body, "org.example.knock", "same").status, 200);
    EXPECT_EQ(api.sync(bob).at("to_device").at("events").as_array().size(), 2U)
        << "an id belongs to its type";
    const auto desk = log_in("alice");
    EXPECT_EQ(
        api.ask("PUT", "/_matrix/client/v3/sendToDevice/org.example.ring/same", body, desk).status,
        200);
    EXPECT_EQ(waiting(bob).size(), 2U) << "and to its device";
}

TEST_F(to_device, only_the_server_makes_presence_messages) {
    for (const std::string type : {"m.presence_invite", "m.presence_accept", "m.presence_"}) {
        EXPECT_EQ(put(R"({"messages":{"@bob:porch.test":{"*":{}}}})", type).errcode(),
                  "M_FORBIDDEN");
    }
    EXPECT_EQ(put(R"({"messages":{}})", "m.presence").status, 200);
    EXPECT_THAT(api.sync(bob).at("to_device").at("events").as_array(), IsEmpty());
}

TEST_F(to_device, a_wrong_shape_anywhere_sends_nothing) {
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"messages", "M_NOT_JSON"},
        {"", "M_MISSING_PARAM"},
        {"[]", "M_BAD_JSON"},
        {"{}", "M_MISSING_PARAM"},
        {R"({"messages":null})", "M_BAD_JSON"},
        {R"({"messages":[]})", "M_BAD_JSON"},
        {R"({"messages":"x"})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"bob":{"*":{}}}})", "M_INVALID_PARAM"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"":{"*":{}}}})", "M_INVALID_PARAM"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"@carol:porch.test":null}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"@carol:porch.test":["*"]}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"@no:else.test":7}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{},"X":"content"}}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{},"X":null}}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"@no:else.test":{"X":[]}}})", "M_BAD_JSON"},
        {R"({"messages":{"@bob:porch.test":{"*":{}},"@bob:porch.test":{"*":{}}}})", "M_BAD_JSON"},
    };
    for (const auto& [body, errcode] : wrong) {
        const auto a = put(body);
        EXPECT_EQ(a.status, 400) << body;
        EXPECT_EQ(a.errcode(), errcode) << body;
    }
    const std::string long_type(limits::id_bytes_max + 1, 't');
    EXPECT_EQ(put(R"({"messages":{"@bob:porch.test":{"*":{}}}})", long_type).errcode(),
              "M_INVALID_PARAM");
    const std::string long_content(limits::to_device_content_bytes_max, 'x');
    EXPECT_EQ(
        put(R"({"messages":{"@bob:porch.test":{"*":{"x":")" + long_content + R"("}}}})").errcode(),
        "M_TOO_LARGE");
    EXPECT_THAT(api.sync(bob).at("to_device").at("events").as_array(), IsEmpty());
}

TEST_F(to_device, a_broken_disk_is_503_and_the_same_request_works_later) {
    const std::string body = R"({"messages":{"@bob:porch.test":{"*":{"n":1}}}})";
    api.house.store->refuse_commits(true);
    EXPECT_EQ(put(body, "org.example.ring", "same").status, 503);
    api.house.store->refuse_commits(false);
    EXPECT_THAT(waiting(bob), IsEmpty());
    EXPECT_EQ(put(body, "org.example.ring", "same").status, 200);
    EXPECT_EQ(waiting(bob).size(), 1U);
}

// --- /sync ---

TEST_F(to_device, a_message_wakes_the_waiting_sync_of_its_device_at_once) {
    const auto tablet = log_in("bob");
    const auto parked = api.poll(bob, api.caught_up(bob));
    const auto other = api.poll(tablet, api.caught_up(tablet));
    const auto id = [&] {
        const auto whoami = api.ask_v3("GET", "/account/whoami", bob);
        return std::string(whoami.json().at("device_id").as_string());
    }();
    ASSERT_EQ(ring("bob", id, 1).status, 200);
    const auto a = api.take(parked);
    ASSERT_TRUE(a) << "no time passed";
    EXPECT_THAT(messages(a->json()), ElementsAre(R"({"n":1})"));
    EXPECT_FALSE(api.take(other)) << "it is no news to the other device";
    api.house.advance(30s);
    const auto later = api.take(other);
    ASSERT_TRUE(later);
    EXPECT_THAT(messages(later->json()), IsEmpty());
}

TEST_F(to_device, the_same_token_gives_it_twice_and_a_newer_one_never_again) {
    const auto before = api.caught_up(bob);
    ring("bob", "*", 1);
    EXPECT_THAT(messages(since(bob, before)), ElementsAre(R"({"n":1})"));
    const auto again = since(bob, before);
    EXPECT_THAT(messages(again), ElementsAre(R"({"n":1})")) << "the answer may have been lost";
    const auto after = api.next(again);
    EXPECT_THAT(messages(since(bob, after)), IsEmpty());
    EXPECT_THAT(messages(since(bob, before)), IsEmpty()) << "it was acknowledged";
    EXPECT_THAT(waiting(bob), IsEmpty()) << "also for a first sync";
    const auto parked = api.poll(bob, after);
    EXPECT_FALSE(api.take(parked)) << "nothing left to return early for";
}

TEST_F(to_device, messages_come_in_order_whatever_they_were_sent_by) {
    const auto from = api.caught_up(bob);
    for (int n = 1; n <= 3; ++n) {
        ring("bob", "*", n);
    }
    EXPECT_THAT(messages(since(bob, from)), ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})"));
}

TEST_F(to_device, more_than_a_response_holds_come_in_the_next_ones_at_once) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    auto from = api.caught_up(bob);
    constexpr int most = static_cast<int>(limits::to_device_per_response_max);
    for (int n = 0; n < 2 * most + 5; ++n) {
        ring("bob", "*", n);
    }
    api.say(alice, room, "hello");
    contents all;
    for (const std::size_t expected : {100U, 100U, 5U}) {
        const auto a = api.take(api.poll(bob, from));
        ASSERT_TRUE(a) << "what is left is news";
        const auto body = a->json();
        EXPECT_EQ(messages(body).size(), expected);
        std::ranges::copy(messages(body), std::back_inserter(all));
        EXPECT_EQ(test::room_in(body, "join", room) != nullptr,
                  expected == 100U && all.size() == 100)
            << "rooms are told whole, and once";
        const auto again = since(bob, from);
        EXPECT_EQ(messages(again), messages(body));
        from = api.next(body);
    }
    for (int n = 0; n < 2 * most + 5; ++n) {
        EXPECT_EQ(all.at(static_cast<std::size_t>(n)), R"({"n":)" + std::to_string(n) + "}");
    }
    EXPECT_FALSE(api.take(api.poll(bob, from)));
}

TEST_F(to_device, a_response_is_bounded_in_bytes_and_makes_progress) {
    auto from = api.caught_up(bob);
    const std::string large(limits::to_device_content_bytes_max - 20, 'x');
    constexpr int sent = 20;
    for (int n = 0; n < sent; ++n) {
        ASSERT_EQ(put(R"({"messages":{"@bob:porch.test":{"*":{"x":")" + large + R"("}}}})").status,
                  200);
    }
    std::size_t told = 0;
    for (int polls = 0; told < sent; ++polls) {
        ASSERT_LT(polls, 4);
        const auto body = since(bob, from);
        const auto some = messages(body).size();
        EXPECT_GT(some, 0U);
        EXPECT_LE(some * large.size(), limits::to_device_bytes_per_response_max);
        told += some;
        from = api.next(body);
    }
    EXPECT_EQ(told, std::size_t{sent});
}

TEST_F(to_device, a_token_with_messages_left_serves_members_and_messages_too) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    for (std::size_t n = 0; n <= limits::to_device_per_response_max; ++n) {
        ring("bob", "*", 1);
    }
    const auto cut = api.caught_up(bob);
    EXPECT_EQ(std::ranges::count(cut, '.'), 3) << cut;
    EXPECT_EQ(api.in("GET", room, "/members?at=" + cut, bob).status, 200);
    EXPECT_EQ(api.in("GET", room, "/messages?dir=b&from=" + cut, bob).status, 200);
}

TEST_F(to_device, none_comes_after_the_logout_of_its_device) {
    const auto tablet = log_in("bob");
    ring("bob", "*", 1);
    ASSERT_EQ(api.ask_v3("POST", "/logout", tablet, json::object()).status, 200);
    EXPECT_EQ(waiting(bob).size(), 1U);
    EXPECT_THAT(waiting(log_in("bob")), IsEmpty()) << "a new device begins with none";
}

// --- the older streams ---

TEST_F(to_device, events_give_it_once_and_again_for_the_same_token) {
    const auto from = end_of(events(""));
    ring("bob", "*", 1);
    const auto first = events("&from=" + from);
    EXPECT_THAT(in_list(first.at("chunk")), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(in_list(events("&from=" + from).at("chunk")), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(in_list(events("&from=" + end_of(first)).at("chunk")), IsEmpty());
    EXPECT_THAT(in_list(events("").at("chunk")), IsEmpty());
}

TEST_F(to_device, events_are_woken_by_it) {
    const auto parked = api.start(
        "GET", "/_matrix/client/r0/events?timeout=30000&from=" + end_of(events("")), {}, bob);
    EXPECT_FALSE(api.take(parked));
    ring("bob", "*", 1);
    const auto a = api.take(parked);
    ASSERT_TRUE(a);
    EXPECT_THAT(in_list(a->json().at("chunk")), ElementsAre(R"({"n":1})"));
}

TEST_F(to_device, events_keep_to_their_limit_and_lose_none) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    auto from = end_of(events(""));
    api.say(alice, room, "one");
    ring("bob", "*", 1);
    api.say(alice, room, "two");
    ring("bob", "*", 2);
    ring("bob", "*", 3);
    contents all;
    std::string said;
    for (int polls = 0; polls < 6; ++polls) {
        const auto body = events("&limit=2&from=" + from);
        const auto& chunk = body.at("chunk");
        EXPECT_LE(chunk.as_array().size(), 2U);
        std::ranges::copy(in_list(chunk), std::back_inserter(all));
        said += test::bodies(chunk);
        from = end_of(body);
    }
    EXPECT_THAT(all, ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})"));
    EXPECT_EQ(said, "one two ");
}

TEST_F(to_device, who_starts_with_initial_sync_or_without_a_token_misses_none) {
    ring("bob", "*", 1);
    const auto start = api.ask("GET", "/_matrix/client/api/v1/initialSync", {}, bob).json();
    const auto first = events("&from=" + end_of(start));
    EXPECT_THAT(in_list(first.at("chunk")), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(in_list(events("").at("chunk")), ElementsAre(R"({"n":1})"))
        << "no token has acknowledged it yet";
    EXPECT_THAT(in_list(events("&from=" + end_of(first)).at("chunk")), IsEmpty());
}

TEST_F(to_device, peeking_neither_shows_nor_acknowledges_it) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    ring("bob", "*", 1);
    const auto now = end_of(events("&room_id=" + api.escape(room)));
    EXPECT_THAT(in_list(events("&room_id=" + api.escape(room) + "&from=" + now).at("chunk")),
                IsEmpty());
    EXPECT_EQ(waiting(bob).size(), 1U);
}

}  // namespace
}  // namespace porchlight::client_api
