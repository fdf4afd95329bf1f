#include "load/population.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "matrix/json.h"

namespace porchlight::load {
namespace {

namespace json = boost::json;

// One device for all runs: logging in again does not make more of them.
constexpr const char* device_id = "PORCHLIGHTLOAD";
constexpr const char* dummy = "m.login.dummy";
constexpr const char* token_stage = "m.login.registration_token";
constexpr std::size_t stages_max = 4;

json::value parsed(const api_reply& r) {
    auto v = matrix::parse_json(r.body);
    return v.has_value() ? std::move(v.value()) : json::value(json::object());
}

std::string text_of(const json::value& v, std::string_view key) {
    const auto* member = matrix::find(v, key);
    return member != nullptr && member->is_string() ? std::string(member->as_string())
                                                    : std::string();
}

failure refused(const std::string& what, const api_reply& r) {
    return failure(what + " was answered " + std::to_string(r.status) + " " +
                   r.body.substr(0, 300));
}

// The first stage that is still to be done of a flow that can be done here; empty: there is none.
std::string next_stage(const json::value& answer, bool has_token) {
    std::set<std::string, std::less<>> done;
    if (const auto* completed = matrix::find(answer, "completed");
        completed && completed->is_array()) {
        for (const auto& stage : completed->as_array()) {
            done.insert(stage.is_string() ? std::string(stage.as_string()) : std::string());
        }
    }
    const auto* flows = matrix::find(answer, "flows");
    if (flows == nullptr || !flows->is_array()) {
        return {};
    }
    for (const auto& flow : flows->as_array()) {
        const auto* stages = matrix::find(flow, "stages");
        if (stages == nullptr || !stages->is_array()) {
            continue;
        }
        std::string next;
        const bool possible =
            std::all_of(stages->as_array().begin(), stages->as_array().end(), [&](const auto& s) {
                const bool known = s == dummy || (s == token_stage && has_token);
                if (known && next.empty() && !done.contains(std::string(s.as_string()))) {
                    next = std::string(s.as_string());
                }
                return known;
            });
        if (possible && !next.empty()) {
            return next;
        }
    }
    return {};
}

}  // namespace

// A user on the way to an account.
struct population::entry {
    std::string name;
    account result = {};
    std::string session = {}, stage = dummy;
    api_reply last = {};
    bool exists = false;  // or may not be registered
};

std::vector<api_reply> population::ask(const char* what, const std::vector<api_call>& calls) {
    progress_.begin(what, calls.size());
    auto replies = api_.ask(calls, [&](std::size_t done) { progress_.update(done); });
    progress_.update(calls.size());
    progress_.end();
    return replies;
}

std::vector<api_reply> population::ask_all_well(const char* what,
                                                const std::vector<api_call>& calls) {
    auto replies = ask(what, calls);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (replies[i].status != 200) {
            throw refused(calls[i].method + " " + calls[i].target, replies[i]);
        }
    }
    return replies;
}

std::string population::registration(const entry& e) const {
    json::object auth{{"type", e.stage}};
    if (!e.session.empty()) {
        auth["session"] = e.session;
    }
    if (e.stage == token_stage) {
        auth["token"] = settings_.registration_token;
    }
    return json::serialize(json::object{{"username", e.name},
                                        {"password", settings_.password},
                                        {"device_id", device_id},
                                        {"auth", std::move(auth)}});
}

// Stage by stage (user-interactive authentication), each for all at once.
void population::register_users(std::vector<entry>& entries) {
    std::vector<entry*> open;
    for (auto& e : entries) {
        if (e.result.token.empty()) {
            open.push_back(&e);
        }
    }
    for (std::size_t stage = 0; stage < stages_max && !open.empty(); ++stage) {
        std::vector<api_call> calls;
        calls.reserve(open.size());
        for (const auto* e : open) {
            calls.push_back({"POST", "/v3/register", "", registration(*e)});
        }
        const auto replies =
            ask(stage == 0 ? "registering users" : "registering users, next stage", calls);
        std::vector<entry*> further;
        for (std::size_t i = 0; i < open.size(); ++i) {
            auto& e = *open[i];
            const auto body = parsed(replies[i]);
            e.last = replies[i];
            if (e.last.status == 200) {
                e.result = {text_of(body, "user_id"), text_of(body, "access_token"), {}};
            } else if (e.last.status == 401) {
                e.session = text_of(body, "session");
                e.stage = next_stage(body, !settings_.registration_token.empty());
                if (!e.stage.empty()) {
                    further.push_back(&e);
                }
            } else {
                e.exists = text_of(body, "errcode") == "M_USER_IN_USE" || e.last.status == 403;
            }
        }
        open = std::move(further);
    }
}

void population::log_in(std::vector<entry>& entries) {
    std::vector<entry*> open;
    std::vector<api_call> calls;
    for (auto& e : entries) {
        if (!e.result.token.empty()) {
            continue;
        }
        open.push_back(&e);
        calls.push_back(
            {"POST", "/v3/login", "",
             json::serialize(json::object{{"type", "m.login.password"},
                                          {"identifier", {{"type", "m.id.user"}, {"user", e.name}}},
                                          {"password", settings_.password},
                                          {"device_id", device_id},
                                          {"initial_device_display_name", "porchlight-load"}})});
    }
    if (open.empty()) {
        return;
    }
    const auto replies = ask("logging users in", calls);
    for (std::size_t i = 0; i < open.size(); ++i) {
        const auto body = parsed(replies[i]);
        if (replies[i].status == 200) {
            open[i]->result = {text_of(body, "user_id"), text_of(body, "access_token"), {}};
        } else if (open[i]->last.status == 0) {
            open[i]->last = replies[i];
        }
    }
}

std::vector<account> population::enroll() {
    std::vector<entry> first(1), others;
    first[0].name = settings_.prefix + "0";
    for (std::uint32_t i = 1; i < settings_.users; ++i) {
        others.push_back({settings_.prefix + std::to_string(i)});
    }
    // What the first one meets, the others probably will.
    register_users(first);
    const bool exist = first[0].exists;
    log_in(first);
    if (exist) {
        log_in(others);
        register_users(others);
    } else {
        register_users(others);
        log_in(others);
    }
    std::vector<account> users;
    for (auto* part : {&first, &others}) {
        for (auto& e : *part) {
            if (e.result.token.empty()) {
                throw refused(
                    "The user " + e.name + " could be neither registered nor logged in: the call",
                    e.last);
            }
            users.push_back(std::move(e.result));
        }
    }
    return users;
}

void population::store_filters(std::vector<account>& users) {
    constexpr const char* filter =
        R"({"presence":{"types":["m.presence"]},"account_data":{"types":[]},)"
        R"("room":{"rooms":[],"timeline":{"limit":1}}})";
    std::vector<api_call> calls;
    calls.reserve(users.size());
    for (const auto& u : users) {
        calls.push_back(
            {"POST", "/v3/user/" + url_encoded(u.user_id) + "/filter", u.token, filter});
    }
    const auto replies = ask_all_well("storing filters", calls);
    for (std::size_t i = 0; i < users.size(); ++i) {
        users[i].filter_id = url_encoded(text_of(parsed(replies[i]), "filter_id"));
    }
}

std::vector<std::string> population::make_rooms(const std::vector<account>& users,
                                                std::span<const room_plan> plans) {
    std::vector<api_call> creations, joins;
    for (const auto& plan : plans) {
        creations.push_back({"POST", "/v3/createRoom", users[plan.first].token,
                             R"({"preset":"public_chat","name":"porchlight-load"})"});
    }
    std::vector<std::string> rooms;
    for (const auto& reply : ask_all_well("making rooms", creations)) {
        rooms.push_back(text_of(parsed(reply), "room_id"));
    }
    for (std::size_t r = 0; r < plans.size(); ++r) {
        for (std::uint32_t i = 1; i < plans[r].count; ++i) {
            joins.push_back({"POST", "/v3/join/" + url_encoded(rooms[r]),
                             users[plans[r].first + i].token, "{}"});
        }
    }
    if (!joins.empty()) {
        ask_all_well("joining rooms", joins);
    }
    return rooms;
}

void population::leave_rooms(const std::vector<account>& users, std::span<const room_plan> plans,
                             std::span<const std::string> rooms) {
    std::vector<api_call> calls;
    for (std::size_t r = 0; r < rooms.size(); ++r) {
        for (std::uint32_t i = 0; i < plans[r].count; ++i) {
            calls.push_back({"POST", "/v3/rooms/" + url_encoded(rooms[r]) + "/leave",
                             users[plans[r].first + i].token, "{}"});
        }
    }
    if (!calls.empty()) {
        ask("leaving rooms", calls);  // whatever the answers are: the figures stand
    }
}

void population::make_lists(const std::vector<account>& users, const topology& t) {
    const auto versions = parsed(api_.ask({"GET", "/versions", ""}));
    const auto* features = matrix::find(versions, "unstable_features");
    const auto* lists = features != nullptr && features->is_object()
                            ? matrix::find(*features, "io.porchlight.presence_lists")
                            : nullptr;
    if (lists == nullptr || *lists != true) {
        throw failure(
            "--topology lists: this server has no presence lists (io.porchlight.presence_lists is "
            "not "
            "among the unstable_features of /_matrix/client/versions); allowed are hall, teams and "
            "none");
    }
    std::vector<api_call> policies, invites;
    for (const auto user : t.subjects) {
        policies.push_back(
            {"PUT", "/unstable/io.porchlight/presence/policy/" + url_encoded(users[user].user_id),
             users[user].token, R"({"auto_accept":"everyone"})"});
    }
    const auto subjects = static_cast<std::uint32_t>(t.subjects.size());
    for (std::size_t u = 0; u < users.size(); ++u) {
        json::array wanted;
        for (std::uint32_t i = 0; i < t.views[u].count; ++i) {
            const auto subject = t.views[u].subject_at(i, subjects);
            if (subject != t.views[u].own) {
                wanted.emplace_back(users[t.subjects[subject]].user_id);
            }
        }
        if (!wanted.empty()) {
            invites.push_back({"POST", "/v3/presence/list/" + url_encoded(users[u].user_id),
                               users[u].token,
                               json::serialize(json::object{{"invite", std::move(wanted)}})});
        }
    }
    ask_all_well("letting publishers be seen", policies);
    ask_all_well("filling lists", invites);
}

}  // namespace porchlight::load
