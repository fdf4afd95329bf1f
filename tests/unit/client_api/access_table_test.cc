#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "client_api/routes.h"
#include "unit/client_api/keys_bench.h"

// Every route, asked by the user whose things are meant, by another user and by nobody, against the
// table in access_table.txt: METHOD PATH OWNER OTHER NOBODY, each a status.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;

struct row {
    int owner = 0, other = 0, nobody = 0;
    bool operator==(const row&) const = default;
};
std::ostream& operator<<(std::ostream& out, const row& r) {
    return out << r.owner << ' ' << r.other << ' ' << r.nobody;
}

std::map<std::string, row> expected() {
    std::ifstream in{std::string{PORCHLIGHT_TESTS_DIR} + "/unit/client_api/access_table.txt"};
    EXPECT_TRUE(in);
    std::map<std::string, row> all;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') {
            continue;
        }
        std::istringstream words(line);
        std::string method, path;
        row r;
        words >> method >> path >> r.owner >> r.other >> r.nobody;
        EXPECT_TRUE(words) << line;
        EXPECT_TRUE(all.emplace(method + ' ' + path, r).second) << "twice: " << line;
    }
    return all;
}

// What the owner, alice, has; bob is the other user, and no member of her room.
class owned : public test::keys_api {
  public:
    owned() {
        room = create(alice, {{"preset", "private_chat"}, {"room_alias_name", "porch"}});
        event = say(alice, room, "hello");
        device = device_of("alice", alice).device_id;
        const auto user = "/user/" + escape(id("alice"));
        EXPECT_EQ(ask_v3("POST", user + "/filter", alice, json::object{}).status, 200);
        EXPECT_EQ(ask_v3("PUT", user + "/account_data/org.example", alice, json::object{}).status,
                  200);
        EXPECT_EQ(ask_v3("PUT", user + "/rooms/" + escape(room) + "/account_data/org.example",
                         alice, json::object{})
                      .status,
                  200);
        EXPECT_EQ(in("PUT", room, "/state/org.example/k", alice, json::object{}).status, 200);
        EXPECT_EQ(in("PUT", room, "/state/org.example/", alice, json::object{}).status, 200);
        upload_device(device_of("alice", alice));
        EXPECT_EQ(ask_v3("POST", "/room_keys/version", alice,
                         {{"algorithm", "a"}, {"auth_data", json::object{}}})
                      .status,
                  200);
        EXPECT_EQ(ask_v3("PUT", "/room_keys/keys/r/s?version=1", alice, session()).status, 200);
        const auto uploaded = ask("POST", "/_matrix/media/v3/upload", "hello", alice);
        EXPECT_EQ(uploaded.status, 200) << uploaded.text;
        const std::string uri{uploaded.json().at("content_uri").as_string()};
        media_id = uri.substr(uri.rfind('/') + 1);
    }
    static json::object session() {
        return {{"first_message_index", 0},
                {"forwarded_count", 0},
                {"is_verified", false},
                {"session_data", json::object{}}};
    }
    std::string path_of(const route& r) const {
        static const std::map<std::uint16_t, std::string> prefixes{
            {api_v1, "/_matrix/client/api/v1"},
            {r0, "/_matrix/client/r0"},
            {v1, "/_matrix/client/v1"},
            {v3, "/_matrix/client/v3"},
            {unstable, "/_matrix/client/unstable"},
            {media_v3, "/_matrix/media/v3"},
            {media_v1, "/_matrix/media/v1"}};
        const std::map<std::string, std::string> values{{"userId", id("alice")},
                                                        {"roomId", room},
                                                        {"roomIdOrAlias", room},
                                                        {"eventId", event},
                                                        {"deviceId", device},
                                                        {"roomAlias", "#porch:porch.test"},
                                                        {"type", "org.example"},
                                                        {"stateKey", "k"},
                                                        {"filterId", "0"},
                                                        {"kind", "override"},
                                                        {"ruleId", ".m.rule.master"},
                                                        {"part", "enabled"},
                                                        {"version", "1"},
                                                        {"receiptType", "m.read"},
                                                        {"sessionId", "s"},
                                                        {"serverName", "porch.test"},
                                                        {"mediaId", media_id}};
        std::string path;
        for (const auto& [flag, prefix] : prefixes) {
            if (path.empty() && (r.prefixes & flag) != 0) {
                path = prefix;
            }
        }
        for (std::string_view rest = r.pattern; !rest.empty();) {
            if (rest.front() != '{') {
                path += rest.front();
                rest.remove_prefix(1);
                continue;
            }
            const auto end = rest.find('}');
            const std::string name{rest.substr(1, end - 1)};
            const bool of_backup = r.pattern.starts_with("/room_keys/keys") && name == "roomId";
            const auto value = values.find(name);
            path += of_backup ? "r" : value == values.end() ? "x" : escape(value->second);
            rest.remove_prefix(end + 1);
        }
        return path + query_of(r);
    }
    std::string query_of(const route& r) const {
        if (r.pattern.starts_with("/room_keys/keys")) {
            return "?version=1";
        }
        if (r.pattern == "/events") {
            return "?timeout=0";
        }
        if (r.pattern == "/register/available") {
            return "?username=dave";
        }
        if (r.pattern == "/keys/changes") {
            return "?from=1.1.0&to=1.1.0";
        }
        return r.pattern.ends_with("/messages") ? "?dir=b" : "";
    }
    // A body that the owner's request succeeds with.
    json::object body_of(const route& r) const {
        const std::string p{r.pattern};
        const std::string key = std::string{r.method} + ' ' + p;
        const std::map<std::string, json::object> bodies{
            {"PUT /presence/{userId}/status", {{"presence", "online"}}},
            {"POST /io.porchlight/presence/query", {{"user_ids", json::array{id("alice")}}}},
            {"POST /login",
             {{"type", "m.login.password"}, {"user", "alice"}, {"password", "pw-alice"}}},
            {"POST /register",
             {{"username", "dave"},
              {"password", "secret"},
              {"auth", json::object{{"type", "m.login.dummy"}}}}},
            {"POST /refresh", {{"refresh_token", "wrong"}}},
            {"POST /account/password", {{"new_password", "n"}, {"auth", auth()}}},
            {"POST /account/deactivate", {{"auth", auth()}}},
            {"DELETE /devices/{deviceId}", {{"auth", auth()}}},
            {"POST /delete_devices", {{"devices", json::array{device}}, {"auth", auth()}}},
            {"PUT /profile/{userId}/displayname", {{"displayname", "A"}}},
            {"PUT /profile/{userId}/avatar_url", {{"avatar_url", "mxc://porch.test/a"}}},
            {"POST /user_directory/search", {{"search_term", "a"}}},
            {"POST /rooms/{roomId}/invite", {{"user_id", id("carol")}}},
            {"POST /rooms/{roomId}/kick", {{"user_id", id("carol")}}},
            {"POST /rooms/{roomId}/ban", {{"user_id", id("carol")}}},
            {"POST /rooms/{roomId}/unban", {{"user_id", id("carol")}}},
            {"PUT /directory/room/{roomAlias}", {{"room_id", room}}},
            {"PUT /rooms/{roomId}/typing/{userId}", {{"typing", true}}},
            {"POST /rooms/{roomId}/read_markers", {{"m.read", event}}},
            {"PUT /sendToDevice/{eventType}/{txnId}", {{"messages", json::object{}}}},
            {"POST /keys/device_signing/upload",
             {{"master_key", test::crossed(id("alice"), "master", 10)}}},
            {"POST /room_keys/version", {{"algorithm", "a"}, {"auth_data", json::object{}}}},
            {"PUT /room_keys/version/{version}",
             {{"algorithm", "a"}, {"auth_data", json::object{}}}},
            {"PUT /room_keys/keys", {{"rooms", json::object{}}}},
            {"PUT /room_keys/keys/{roomId}", {{"sessions", json::object{}}}},
            {"PUT /room_keys/keys/{roomId}/{sessionId}", session()},
            {"POST /pushers/set", {{"kind", nullptr}}},
        };
        const auto found = bodies.find(key);
        return found == bodies.end() ? json::object{} : found->second;
    }
    static json::object auth() {
        return {{"type", "m.login.password"}, {"user", "alice"}, {"password", "pw-alice"}};
    }
    int status(const route& r, const std::string& token) {
        const std::string body = r.takes == body::object ? json::serialize(body_of(r))
                                 : r.takes == body::raw  ? "bytes"
                                                         : "";
        return ask(r.method, path_of(r), body, token).status;
    }

    std::string room, event, device, media_id;
};

TEST(access, of_every_route_is_what_the_table_says) {
    auto table = expected();
    std::string missing;
    for (const route& r : routes()) {
        const std::string name = std::string{r.method} + ' ' + std::string{r.pattern};
        SCOPED_TRACE(name);
        // Each role on a server of its own: what one did must not stand in the next one's way.
        row whole;
        {
            owned o;
            whole.owner = o.status(r, o.alice);
        }
        {
            owned o;
            whole.other = o.status(r, o.bob);
        }
        {
            owned o;
            whole.nobody = o.status(r, "");
        }
        const auto found = table.find(name);
        if (found == table.end()) {
            std::ostringstream line;
            line << name << ' ' << whole << '\n';
            missing += line.str();
            continue;
        }
        EXPECT_EQ(whole, found->second);
        table.erase(found);
    }
    EXPECT_EQ(missing, "") << "these routes have no row in access_table.txt";
    for (const auto& [name, r] : table) {
        ADD_FAILURE() << name << " is no route";
    }
}

// Whoever needs a token gets nothing without one, whatever the table says.
TEST(access, without_a_token_is_401_wherever_one_is_needed) {
    for (const auto& [name, r] : expected()) {
        const auto found = std::ranges::find_if(routes(), [&name = name](const route& each) {
            return name == std::string{each.method} + ' ' + std::string{each.pattern};
        });
        ASSERT_NE(found, routes().end()) << name;
        EXPECT_EQ(r.nobody == 401, found->needs == auth::required || r.owner == 401) << name;
    }
}

}  // namespace
}  // namespace porchlight::client_api
