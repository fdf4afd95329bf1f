#include <gtest/gtest.h>

#include <boost/algorithm/string/replace.hpp>

#include "unit/client_api/room_bench.h"

// Every call about a room, by who is not in it: 401 without a token, 403 with one.
namespace porchlight::client_api {
namespace {

using test::room_api;

struct access_case {
    const char *method, *path;
    json::value body = nullptr;
    int by_member = 200;
};

class room_access : public testing::TestWithParam<access_case> {};

TEST_P(room_access, is_for_members) {
    room_api api;
    const auto room = api.create(api.alice);
    const auto event = api.say(api.alice, room, "hi");
    std::string path = GetParam().path;
    boost::replace_all(path, "ROOM", room_api::escape(room));
    boost::replace_all(path, "EVENT", room_api::escape(event));
    const auto as = [&](const std::string& token, const std::string& user) {
        return api.ask_v3(GetParam().method, boost::replace_all_copy(path, "SELF", user), token,
                          GetParam().body);
    };
    EXPECT_EQ(as("", "@bob:porch.test").errcode(), "M_MISSING_TOKEN");
    const auto stranger = as(api.bob, "@bob:porch.test");
    EXPECT_EQ(stranger.status, 403);
    EXPECT_EQ(stranger.errcode(), "M_FORBIDDEN");
    EXPECT_EQ(as(api.alice, "@alice:porch.test").status, GetParam().by_member);
}

const json::value empty = json::object();
const json::value on_carol = {{"user_id", "@carol:porch.test"}};

INSTANTIATE_TEST_SUITE_P(
    every_call, room_access,
    testing::Values(
        access_case{"POST", "/rooms/ROOM/join", empty},
        access_case{"POST", "/rooms/ROOM/leave", empty},
        access_case{"POST", "/rooms/ROOM/invite", on_carol},
        access_case{"POST", "/rooms/ROOM/ban", on_carol},
        access_case{"POST", "/rooms/ROOM/kick", on_carol, 403},   // carol is not in
        access_case{"POST", "/rooms/ROOM/unban", on_carol, 403},  // nor banned
        access_case{"GET", "/rooms/ROOM/members"}, access_case{"GET", "/rooms/ROOM/joined_members"},
        access_case{"GET", "/rooms/ROOM/state"},
        access_case{"GET", "/rooms/ROOM/state/m.room.create"},
        access_case{"GET", "/rooms/ROOM/state/m.room.member/SELF", nullptr, 200},
        access_case{"PUT", "/rooms/ROOM/state/org.example/key", empty},
        access_case{"PUT", "/rooms/ROOM/send/m.room.message/t1", empty},
        access_case{"POST", "/rooms/ROOM/send/m.room.message", empty},
        access_case{"PUT", "/rooms/ROOM/redact/EVENT/t1", empty},
        access_case{"POST", "/rooms/ROOM/redact/EVENT", empty},
        access_case{"GET", "/rooms/ROOM/messages"}, access_case{"GET", "/rooms/ROOM/event/EVENT"},
        access_case{"GET", "/rooms/ROOM/context/EVENT"}, access_case{"GET", "/rooms/ROOM/aliases"},
        access_case{"PUT", "/rooms/ROOM/typing/SELF", {{"typing", true}}},
        access_case{"POST", "/rooms/ROOM/receipt/m.read/EVENT", empty},
        access_case{"POST", "/rooms/ROOM/read_markers", empty}));

TEST(room_forget, is_not_for_who_never_was_there) {
    room_api api;
    const auto room = api.create(api.alice);
    const std::string path = "/rooms/" + room_api::escape(room) + "/forget";
    EXPECT_EQ(api.ask_v3("POST", path, api.bob, empty).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(api.ask_v3("POST", "/rooms/!none:porch.test/forget", api.bob, empty).errcode(),
              "M_FORBIDDEN");
}

}  // namespace
}  // namespace porchlight::client_api
