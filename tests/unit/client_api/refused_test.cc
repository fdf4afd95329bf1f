#include <gtest/gtest.h>

#include "unit/client_api/room_bench.h"

// What this server doesn't have, said so that clients go on.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;

struct asked {
    std::string_view method, path;
    int status;
    std::string_view errcode;  // empty: answered
};

constexpr asked all[] = {
    {"GET", "/v3/account/3pid", 200, ""},
    {"POST", "/v3/account/3pid", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/add", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/bind", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/delete", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/unbind", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/email/requestToken", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/3pid/msisdn/requestToken", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/password/email/requestToken", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/account/password/msisdn/requestToken", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/register/email/requestToken", 403, "M_THREEPID_DENIED"},
    {"POST", "/v3/register/msisdn/requestToken", 403, "M_THREEPID_DENIED"},
    {"GET", "/v3/pushers", 200, ""},
    {"GET", "/v3/notifications", 404, "M_UNRECOGNIZED"},
    {"GET", "/v3/voip/turnServer", 404, "M_UNRECOGNIZED"},
    {"GET", "/unstable/org.matrix.msc4143/rtc/transports", 404, "M_UNRECOGNIZED"},
    {"GET", "/v3/login/sso/redirect", 404, "M_UNRECOGNIZED"},
    {"GET", "/v3/login/sso/redirect/{idpId}", 404, "M_UNRECOGNIZED"},
    {"POST", "/v1/login/get_token", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/search", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/rooms/{roomId}/upgrade", 403, "M_FORBIDDEN"},
    {"GET", "/v1/rooms/{roomId}/hierarchy", 404, "M_UNRECOGNIZED"},
    {"GET", "/v1/rooms/{roomId}/threads", 404, "M_UNRECOGNIZED"},
    {"GET", "/v1/rooms/{roomId}/timestamp_to_event", 404, "M_UNRECOGNIZED"},
    {"GET", "/v1/rooms/{roomId}/relations/{eventId}", 404, "M_UNRECOGNIZED"},
    {"GET", "/v1/rooms/{roomId}/relations/{eventId}/{relType}", 404, "M_UNRECOGNIZED"},
    {"GET", "/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/rooms/{roomId}/report", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/rooms/{roomId}/report/{eventId}", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/users/{userId}/report", 404, "M_UNRECOGNIZED"},
    {"POST", "/v3/user/{userId}/openid/request_token", 404, "M_UNRECOGNIZED"},
    {"GET", "/v3/admin/whois/{userId}", 404, "M_UNRECOGNIZED"},
    {"GET", "/v3/thirdparty/protocols", 200, ""},
    {"GET", "/v3/thirdparty/protocol/{protocol}", 404, "M_NOT_FOUND"},
    {"GET", "/v3/thirdparty/location", 404, "M_NOT_FOUND"},
    {"GET", "/v3/thirdparty/location/{protocol}", 404, "M_NOT_FOUND"},
    {"GET", "/v3/thirdparty/user", 404, "M_NOT_FOUND"},
    {"GET", "/v3/thirdparty/user/{protocol}", 404, "M_NOT_FOUND"},
};

TEST(refused, cleanly_with_a_sentence) {
    test::room_api api;
    for (const asked& a : all) {
        SCOPED_TRACE(a.path);
        std::string path{a.path};
        for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
            path.replace(open, path.find('}') - open + 1, "x");
        }
        const auto answer =
            api.ask(a.method, "/_matrix/client" + path, a.method == "POST" ? "{}" : "", api.alice);
        EXPECT_EQ(answer.status, a.status);
        EXPECT_EQ(answer.errcode(), a.errcode);
        EXPECT_EQ(a.errcode.empty(), !answer.json().as_object().contains("error"));
    }
}

TEST(refused, what_there_is_none_of_is_said_truthfully) {
    test::room_api api;
    EXPECT_EQ(api.ask_v3("GET", "/account/3pid", api.alice).text, R"({"threepids":[]})");
    EXPECT_EQ(api.ask_v3("GET", "/pushers", api.alice).text, R"({"pushers":[]})");
    EXPECT_EQ(api.ask_v3("GET", "/thirdparty/protocols", api.alice).text, "{}");
}

TEST(refused, pushers_but_not_their_removal) {
    test::room_api api;
    EXPECT_EQ(api.ask_v3("POST", "/pushers/set", api.alice, {{"kind", nullptr}}).text, "{}");
    EXPECT_EQ(api.ask_v3("POST", "/pushers/set", api.alice, {{"kind", "http"}}).errcode(),
              "M_UNRECOGNIZED");
    EXPECT_EQ(api.ask_v3("POST", "/pushers/set", api.alice, json::object{}).errcode(),
              "M_MISSING_PARAM");
}

TEST(refused, guests) {
    test::room_api api;
    const auto a = api.ask("POST", "/_matrix/client/v3/register?kind=guest", "{}");
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.errcode(), "M_GUEST_ACCESS_FORBIDDEN");
}

}  // namespace
}  // namespace porchlight::client_api
