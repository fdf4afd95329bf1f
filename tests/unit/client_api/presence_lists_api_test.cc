#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "support/api_bench.h"

namespace porchlight::client_api {
namespace {

using test::answer;

const std::string own = "/_matrix/client/unstable/io.porchlight/presence/";
std::string invites_of(const std::string& user) {
    return "/_matrix/client/unstable/io.porchlight/presence/invites/" + user;
}
std::string policy_of(const std::string& user) {
    return "/_matrix/client/unstable/io.porchlight/presence/policy/" + user;
}

struct presence_lists_api_test : testing::Test {
    static std::string id(const std::string& name) { return "@" + name + ":porch.test"; }
    static std::string list_path(const std::string& name, const std::string& prefix = "v3") {
        return "/_matrix/client/" + prefix + "/presence/list/" + id(name);
    }
    answer change(const std::string& body) {
        return bench.ask("POST", list_path("alice"), body, alice);
    }
    answer list() { return bench.ask("GET", list_path("alice"), {}, alice); }
    answer answer_invites(const std::string& body, const std::string& user = "bob") {
        return bench.ask("POST", invites_of(id(user)), body, tokens.at(user));
    }
    answer invites(const std::string& user = "bob") {
        return bench.ask("GET", invites_of(id(user)), {}, tokens.at(user));
    }
    answer policy(const std::string& body) {
        return bench.ask("PUT", policy_of(id("bob")), body, bob);
    }
    answer status(const std::string& name) {
        return bench.ask("GET", "/_matrix/client/v3/presence/" + id(name) + "/status", {}, alice);
    }
    std::string query(const std::string& name) {
        return bench.ask("POST", own + "query", R"({"user_ids":[")" + id(name) + "\"]}", alice)
            .text;
    }
    void befriend() {
        ASSERT_EQ(change(R"({"invite":["@bob:porch.test"]})").status, 200);
        ASSERT_EQ(answer_invites(R"({"accept":["@alice:porch.test"]})").status, 200);
    }
    void put_bob(const std::string& body) {
        ASSERT_EQ(
            bench.ask("PUT", "/_matrix/client/v3/presence/" + id("bob") + "/status", body, bob)
                .status,
            200);
    }
    // An answer with the user's name taken out.
    static std::string nameless(std::string text, const std::string& name) {
        for (auto at = text.find(id(name)); at != std::string::npos; at = text.find(id(name))) {
            text.replace(at, id(name).size(), "X");
        }
        return text;
    }
    test::api_bench bench;
    std::string alice = bench.sign_up("alice");
    std::string bob = bench.sign_up("bob");
    std::map<std::string, std::string> tokens{{"alice", alice}, {"bob", bob}};
};

TEST_F(presence_lists_api_test, it_is_advertised) {
    const auto v = bench.ask("GET", "/_matrix/client/versions").json();
    EXPECT_EQ(v.at("unstable_features").at("io.porchlight.presence_lists"), true);
}

TEST_F(presence_lists_api_test, lists_exist_under_all_their_prefixes) {
    for (const auto* prefix : {"api/v1", "r0", "v1", "v3", "unstable"}) {
        const auto path = list_path("alice", prefix);
        EXPECT_EQ(bench.ask("POST", path, R"({"invite":["@bob:porch.test"]})", alice).text, "{}");
        EXPECT_EQ(bench.ask("GET", path, {}, alice).json().as_array().size(), 1u);
        EXPECT_EQ(bench.ask("GET", path).status, 401);
        EXPECT_EQ(bench.ask("GET", path, {}, bob).errcode(), "M_FORBIDDEN");
        EXPECT_EQ(bench.ask("POST", path, R"({"drop":["@bob:porch.test"]})", bob).status, 403);
    }
}

TEST_F(presence_lists_api_test, an_item_serves_both_readers) {
    befriend();
    bench.ask("PUT", "/_matrix/client/v3/profile/@bob:porch.test/displayname",
              R"({"displayname":"Bob"})", bob);
    bench.ask("PUT", "/_matrix/client/v3/profile/@bob:porch.test/avatar_url",
              R"({"avatar_url":"mxc://porch.test/bob"})", bob);
    put_bob(R"({"presence":"online","status_msg":"on the porch"})");
    bench.house.advance(std::chrono::seconds{2});
    EXPECT_EQ(
        list().json(),
        boost::json::parse(
            R"([{"type":"m.presence","user_id":"@bob:porch.test","presence":"online",)"
            R"("last_active_ago":2000,"status_msg":"on the porch","accepted":true,)"
            R"("content":{"user_id":"@bob:porch.test","presence":"online","last_active_ago":2000,)"
            R"("status_msg":"on the porch","displayname":"Bob",)"
            R"("avatar_url":"mxc://porch.test/bob","currently_active":true}}])"));
}

TEST_F(presence_lists_api_test, a_list_is_in_order_of_user_ids) {
    change(R"({"invite":["@zoe:porch.test","@bob:porch.test","@x:elsewhere.test"]})");
    std::vector<std::string> shown;
    const auto all = list().json();
    for (const auto& item : all.as_array()) {
        shown.emplace_back(item.at("user_id").as_string());
    }
    EXPECT_EQ(shown, (std::vector<std::string>{id("bob"), "@x:elsewhere.test", id("zoe")}));
}

// Whoever may not be seen is not there, and nothing tells why.
TEST_F(presence_lists_api_test, all_who_may_not_be_seen_look_alike) {
    const auto item = [this] { return boost::json::serialize(list().json().at(0)); };
    change(R"({"invite":["@unknown:porch.test"]})");
    const auto expected_item = nameless(item(), "unknown");
    EXPECT_EQ(expected_item, R"({"type":"m.presence","user_id":"X","presence":"offline",)"
                             R"("content":{"user_id":"X","presence":"offline"},"accepted":false})");
    const auto expected_status = status("unknown").text;
    EXPECT_EQ(status("unknown").status, 404);
    const auto expected_query = query("unknown");
    EXPECT_EQ(expected_query, "{}");
    change(R"({"drop":["@unknown:porch.test"]})");
    const auto looks_unknown = [&](const std::string& why) {
        EXPECT_EQ(nameless(item(), "bob"), expected_item) << why;
        EXPECT_EQ(status("bob").text, expected_status) << why;
        EXPECT_EQ(status("bob").status, 404) << why;
        EXPECT_EQ(query("bob"), expected_query) << why;
    };
    change(R"({"invite":["@bob:porch.test"]})");
    looks_unknown("not answering");
    answer_invites(R"({"deny":["@alice:porch.test"]})");
    looks_unknown("denying");
    answer_invites(R"({"accept":["@alice:porch.test"]})");
    EXPECT_EQ(status("bob").status, 200);
    answer_invites(R"({"revoke":["@alice:porch.test"]})");
    looks_unknown("revoked");
    answer_invites(R"({"accept":["@alice:porch.test"]})");
    policy(R"({"visibility":"nobody"})");
    looks_unknown("nobody");
    policy(R"({"visibility":"everyone"})");
    EXPECT_EQ(status("bob").status, 200);
    bench.house.wait<void>([&](auto done) {
        bench.house.accounts.deactivate(*bench.house.accounts.find(id("bob")), std::move(done));
    });
    EXPECT_EQ(list().text, "[]");
    change(R"({"invite":["@bob:porch.test"]})");
    looks_unknown("deactivated");
}

TEST_F(presence_lists_api_test, who_hides_or_blocks_looks_as_one_who_is_offline) {
    befriend();
    put_bob(R"({"presence":"offline","status_msg":"away"})");
    const auto offline_item = list().text;
    const auto offline_status = status("bob").text;
    const auto offline_query = query("bob");
    EXPECT_EQ(list().json().at(0).at("accepted"), true);
    put_bob(R"({"presence":"hidden","status_msg":"here"})");
    EXPECT_EQ(list().text, offline_item);
    EXPECT_EQ(status("bob").text, offline_status);
    EXPECT_EQ(query("bob"), offline_query);
    put_bob(R"({"presence":"offline","io.porchlight.unhide":true,"status_msg":"away"})");
    answer_invites(R"({"block":["@alice:porch.test"]})");
    put_bob(R"({"presence":"online","status_msg":"here"})");
    EXPECT_EQ(list().text, offline_item);
    EXPECT_EQ(status("bob").text, offline_status);
    EXPECT_EQ(query("bob"), offline_query);
}

TEST_F(presence_lists_api_test, invites_show_each_side_its_own) {
    change(R"({"invite":["@bob:porch.test","@ghost:porch.test"]})");
    const auto ts = std::to_string(base::unix_ms(bench.house.clock.at.wall));
    EXPECT_EQ(invites().text,
              R"({"incoming":[{"user_id":"@alice:porch.test","invited_ts":)" + ts +
                  R"(}],"outgoing":[],"observers":[],"preapproved":[],"denied":[],"blocked":[]})");
    answer_invites(R"({"accept":["@alice:porch.test"],"deny":["@carl:porch.test"],)"
                   R"("block":["@dan:porch.test"]})");
    answer_invites(R"({"accept":["@eve:porch.test"]})");
    EXPECT_EQ(invites().text,
              R"({"incoming":[],"outgoing":[],"observers":[{"user_id":"@alice:porch.test",)"
              R"("accepted_ts":)" +
                  ts +
                  R"(}],"preapproved":["@eve:porch.test"],"denied":["@carl:porch.test"],)"
                  R"("blocked":["@dan:porch.test"]})");
    EXPECT_EQ(invites("alice").json().at("outgoing").at(0).at("user_id"), "@ghost:porch.test");
    answer_invites(R"({"unblock":["@dan:porch.test"]})");
    EXPECT_TRUE(invites().json().at("blocked").as_array().empty());
}

TEST_F(presence_lists_api_test, invites_and_policy_are_for_their_user_alone) {
    for (const std::string what : {"invites/", "policy/"}) {
        const auto path = own + what + id("bob");
        EXPECT_EQ(bench.ask("GET", path, {}, alice).errcode(), "M_FORBIDDEN");
        EXPECT_EQ(bench.ask("GET", path).status, 401);
    }
    EXPECT_EQ(bench.ask("POST", invites_of(id("bob")), "{}", alice).status, 403);
    EXPECT_EQ(bench.ask("PUT", policy_of(id("bob")), "{}", alice).status, 403);
}

TEST_F(presence_lists_api_test, a_policy_changes_only_what_is_given) {
    const auto path = policy_of(id("bob"));
    const auto get = [&] { return bench.ask("GET", path, {}, bob).text; };
    EXPECT_EQ(get(), R"({"visibility":"everyone","auto_accept":"never"})");
    EXPECT_EQ(policy(R"({"visibility":"lists_only"})").text, "{}");
    EXPECT_EQ(policy(R"({"auto_accept":"same_server"})").text, "{}");
    EXPECT_EQ(get(), R"({"visibility":"lists_only","auto_accept":"same_server"})");
    for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
             {R"({"visibility":"all"})", "M_INVALID_PARAM"},
             {R"({"visibility":1})", "M_BAD_JSON"},
             {R"({"visibility":null})", "M_BAD_JSON"},
             {R"({"auto_accept":"always","visibility":"nobody"})", "M_INVALID_PARAM"},
             {R"({"visibility":"nobody","auto_accept":true})", "M_BAD_JSON"},
             {R"({"visibilty":"nobody"})", "M_BAD_JSON"},
             {R"([])", "M_BAD_JSON"},
             {"nobody", "M_NOT_JSON"}}) {
        const auto a = policy(body);
        EXPECT_EQ(a.status, 400) << body;
        EXPECT_EQ(a.errcode(), code) << body;
    }
    EXPECT_EQ(get(), R"({"visibility":"lists_only","auto_accept":"same_server"})");
}

TEST_F(presence_lists_api_test, a_wrong_call_changes_nothing) {
    for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
             {R"({"invite":"@bob:porch.test"})", "M_BAD_JSON"},
             {R"({"invite":{"@bob:porch.test":1}})", "M_BAD_JSON"},
             {R"({"invite":["@bob:porch.test"],"drop":null})", "M_BAD_JSON"},
             {R"({"invite":["@bob:porch.test",1]})", "M_BAD_JSON"},
             {R"({"invite":["@bob:porch.test"],"invites":["@carl:porch.test"]})", "M_BAD_JSON"},
             {R"({"invite":["@bob:porch.test"],"x":1})", "M_BAD_JSON"},
             {R"({"invite":["@bob:porch.test","@alice:porch.test"]})", "M_INVALID_PARAM"},
             {R"({"invite":["@bob:porch.test","bob"]})", "M_INVALID_PARAM"},
             {R"({"invite":["@bob:porch.test",""]})", "M_INVALID_PARAM"},
             {R"({"invite":["@bob:porch.test","@bob:"]})", "M_INVALID_PARAM"},
             {R"({"invite":["@bob:porch.test"],"drop":["@bob:porch.test"]})", "M_INVALID_PARAM"},
             {R"(["@bob:porch.test"])", "M_BAD_JSON"},
             {"{", "M_NOT_JSON"}}) {
        const auto a = change(body);
        EXPECT_EQ(a.status, 400) << body;
        EXPECT_EQ(a.errcode(), code) << body;
    }
    for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
             {R"({"accept":"@alice:porch.test"})", "M_BAD_JSON"},
             {R"({"accept":["@alice:porch.test"],"revoke":[null]})", "M_BAD_JSON"},
             {R"({"accept":["@alice:porch.test"],"refuse":[]})", "M_BAD_JSON"},
             {R"({"accept":["@alice:porch.test"],"block":["@alice:porch.test"]})",
              "M_INVALID_PARAM"},
             {R"({"accept":["@alice:porch.test"],"deny":["@bob:porch.test"]})", "M_INVALID_PARAM"},
             {R"({"accept":["@alice:porch.test"],"unblock":["x"]})", "M_INVALID_PARAM"}}) {
        const auto a = answer_invites(body);
        EXPECT_EQ(a.status, 400) << body;
        EXPECT_EQ(a.errcode(), code) << body;
    }
    EXPECT_EQ(list().text, "[]");
    EXPECT_EQ(invites().text, R"({"incoming":[],"outgoing":[],"observers":[],"preapproved":[],)"
                              R"("denied":[],"blocked":[]})");
    EXPECT_EQ(change("{}").text, "{}") << "nothing asked, nothing wrong";
    std::string many;
    for (std::size_t i = 0; i <= base::limits::list_ids_per_call_max; ++i) {
        many += (i == 0 ? "\"@u" : ",\"@u") + std::to_string(i) + ":porch.test\"";
    }
    EXPECT_EQ(answer_invites(R"({"deny":[)" + many + "]}").errcode(), "M_INVALID_PARAM");
}

TEST_F(presence_lists_api_test, invites_are_limited_per_owner_whatever_becomes_of_them) {
    bench.config.invites_at_once = 3;
    bench.config.invites_per_hour = 60;
    EXPECT_EQ(change(R"({"invite":["@bob:porch.test","@x:porch.test"]})").status, 200);
    EXPECT_EQ(change(R"({"invite":["bob"]})").status, 400);
    EXPECT_EQ(change(R"({"invite":["@y:porch.test"]})").status, 200) << "what failed cost nothing";
    const auto a = change(R"({"invite":["@bob:porch.test"]})");
    EXPECT_EQ(a.status, 429);
    EXPECT_EQ(a.errcode(), "M_LIMIT_EXCEEDED");
    EXPECT_EQ(a.json().at("retry_after_ms"), 60'000);
    EXPECT_EQ(change(R"({"drop":["@y:porch.test"]})").status, 200) << "drops are free";
    bench.house.advance(std::chrono::minutes{1});
    EXPECT_EQ(change(R"({"invite":["@bob:porch.test"]})").status, 200);
    bench.house.advance(std::chrono::minutes{3});
    EXPECT_EQ(change(R"({"invite":["@1:a.test","@2:a.test","@3:a.test","@4:a.test"]})").status, 200)
        << "more than fit are taken from a full bucket";
    EXPECT_EQ(change(R"({"invite":["@5:a.test"]})").json().at("retry_after_ms"), 120'000);
}

TEST_F(presence_lists_api_test, a_disk_that_fails_is_503_and_changes_nothing) {
    bench.config.invites_at_once = 1;
    bench.house.store->refuse_commits(true);
    EXPECT_EQ(change(R"({"invite":["@bob:porch.test"]})").status, 503);
    EXPECT_EQ(answer_invites(R"({"block":["@alice:porch.test"]})").status, 503);
    EXPECT_EQ(policy(R"({"visibility":"nobody"})").status, 503);
    bench.house.store->refuse_commits(false);
    EXPECT_EQ(list().text, "[]");
    EXPECT_TRUE(invites().json().at("blocked").as_array().empty());
    EXPECT_EQ(change(R"({"invite":["@bob:porch.test"]})").status, 200) << "and cost nothing";
}

}  // namespace
}  // namespace porchlight::client_api
