#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/client_api/room_bench.h"

// POST /user_directory/search.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using test::room_api;

class user_directory : public testing::Test {
  protected:
    std::string found(const std::string& token, const std::string& term, int limit = 10) {
        const auto a = api.ask_v3("POST", "/user_directory/search", token,
                                  {{"search_term", term}, {"limit", limit}});
        EXPECT_EQ(a.status, 200) << a.text;
        last = a.json();
        std::string all;
        for (const auto& r : last.at("results").as_array()) {
            all += std::string(r.at("user_id").as_string()) + " ";
        }
        return all;
    }

    room_api api;
    json::value last;
};

TEST_F(user_directory, shows_who_shares_a_room_or_is_in_a_public_one_and_nobody_else) {
    EXPECT_EQ(found(api.alice, "bob"), "");
    const auto secret = api.create(api.bob, {{"preset", "private_chat"}});
    EXPECT_EQ(found(api.alice, "bob"), "");
    ASSERT_EQ(api.in("POST", secret, "/invite", api.bob, {{"user_id", "@alice:porch.test"}}).status,
              200);
    EXPECT_EQ(found(api.alice, "bob"), "") << "invited is not joined";
    api.join(api.alice, secret);
    EXPECT_EQ(found(api.alice, "bob"), "@bob:porch.test ");
    EXPECT_EQ(found(api.carol, "bob"), "");
    api.create_open(api.bob);
    EXPECT_EQ(found(api.carol, "bob"), "@bob:porch.test ");
    EXPECT_EQ(found(api.bob, "bob"), "") << "oneself is not listed";
}

TEST_F(user_directory, finds_parts_of_ids_and_names_in_any_case) {
    api.create_open(api.bob);
    ASSERT_EQ(api.ask_v3("PUT", "/profile/@bob:porch.test/displayname", api.bob,
                         {{"displayname", "Robert Käfer"}})
                  .status,
              200);
    for (const auto* term : {"ROBERT", "käfer", "@bob", "porch.test", ""}) {
        EXPECT_EQ(found(api.carol, term), "@bob:porch.test ") << term;
    }
    EXPECT_EQ(last.at("results").as_array()[0].at("display_name"), "Robert Käfer");
    EXPECT_EQ(found(api.carol, "bobby"), "");
}

TEST_F(user_directory, says_when_there_are_more) {
    const auto room = api.create_open(api.bob);
    api.join(api.alice, room);
    EXPECT_EQ(found(api.carol, "porch", 1), "@alice:porch.test ");
    EXPECT_EQ(last.at("limited"), true);
    found(api.carol, "porch", 2);
    EXPECT_EQ(last.at("limited"), false);
}

TEST_F(user_directory, refuses_odd_shapes) {
    const auto refused = [&](const json::object& body) {
        return api.ask_v3("POST", "/user_directory/search", api.alice, body).errcode();
    };
    EXPECT_EQ(refused({}), "M_MISSING_PARAM");
    EXPECT_EQ(refused({{"search_term", 1}}), "M_BAD_JSON");
    EXPECT_EQ(refused({{"search_term", "a"}, {"limit", -1}}), "M_INVALID_PARAM");
}

}  // namespace
}  // namespace porchlight::client_api
