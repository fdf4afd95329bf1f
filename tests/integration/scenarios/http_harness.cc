#include "integration/scenarios/http_harness.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace porchlight::scenarios {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto late_max = 80ms;    // real; a tenth of the grace is 75 ms after the margin below
constexpr auto due_margin = 40ms;  // real; what is due has happened by then
constexpr std::size_t tokens_per_user = 5;
const std::string prefix = "/_matrix/client/v3";
const std::string ours = "/_matrix/client/unstable/io.porchlight/presence";

std::string user_id(const std::string& name) {
    return "@" + name + ":porch.test";
}

std::string setting(const std::string& key, milliseconds scenario_time) {
    return key + "=" + std::to_string(scenario_time.count() / http_harness::speed) + "ms";
}

std::string text_of(const json::object& o, const char* key) {
    const json::value* v = o.if_contains(key);
    return v == nullptr ? std::string() : std::string(v->as_string());
}

seen read_seen(const json::object& o) {
    seen result;
    result.state = text_of(o, "presence");
    result.text = text_of(o, "status_msg");
    if (const json::value* v = o.if_contains("currently_active")) {
        result.currently_active = v->as_bool();
    }
    if (const json::value* v = o.if_contains("last_active_ago")) {
        result.active_ago = milliseconds{v->to_number<std::int64_t>() * http_harness::speed};
    }
    return result;
}

// Both readers of the old API find the same, and who has not accepted is shown like nobody.
listed read_listed(const json::object& item) {
    const json::object& content = item.at("content").as_object();
    const listed found{item.at("accepted").as_bool(), read_seen(content)};
    bool agrees = text_of(item, "type") == "m.presence" && content.contains("presence");
    for (const char* key : {"user_id", "presence", "status_msg", "last_active_ago"}) {
        const json::value *outer = item.if_contains(key), *inner = content.if_contains(key);
        agrees = agrees && (outer == nullptr) == (inner == nullptr) &&
                 (outer == nullptr || *outer == *inner);
    }
    if (!found.accepted) {
        agrees =
            agrees && found.shown.state == "offline" && content.size() == 2 && item.size() == 5;
    }
    if (!agrees) {
        throw scenario_error("a list has " + json::serialize(item));
    }
    return found;
}

}  // namespace

http_harness::~http_harness() {
    for (auto& [name, u] : users_) {
        for (auto& [device_name, d] : u.devices) {
            end_loop(*d);
        }
    }
}

void http_harness::begin(const setup& s) {
    server_ = std::make_unique<real_server>(std::vector<std::string>{
        "accounts.argon2_ops=1", "accounts.argon2_memory=8KiB", "rate_limits.enabled=false",
        "presence.window=0s", "presence.restart_spread=0s",
        setting("presence.idle_timeout", s.idle_timeout),
        setting("presence.offline_grace", s.grace),
        setting("presence.active_window", s.active_window),
        "presence.room_members_max=" + std::to_string(s.room_members_max)});
    server_->configure("presence.rooms", '"' + s.rooms_policy + '"');
    server_->start();
    client_ = std::make_unique<http_client>(server_->port());
    for (const std::string& name : s.users) {
        user& u = users_[name];
        u.spare_tokens.push_back(register_user(name));
        for (std::size_t i = 1; i < tokens_per_user; ++i) {
            u.spare_tokens.push_back(log_in_as(name, ""));
        }
    }
    for (const room& r : s.rooms) {
        create_room(r.members.front(), r);
    }
    start_ = std::chrono::steady_clock::now();
}

void http_harness::advance_to(milliseconds t) {
    const auto due = start_ + std::chrono::duration_cast<std::chrono::nanoseconds>(t) / speed;
    if (std::chrono::steady_clock::now() > due + late_max) {
        throw played_too_late("the machine is too busy for this speed");
    }
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable never;
    never.wait_until(lock, due + due_margin, [] { return false; });
}

std::string http_harness::register_user(const std::string& name) {
    const auto a = client_->ask("POST", prefix + "/register", "",
                                {{"username", name},
                                 {"password", name + "-secret"},
                                 {"auth", {{"type", "m.login.dummy"}}}});
    if (a.status != 200) {
        throw scenario_error("registering " + name + " gave " + std::to_string(a.status));
    }
    return std::string(a.body.at("access_token").as_string());
}

std::string http_harness::log_in_as(const std::string& name, const std::string& device_id) {
    json::object body{{"type", "m.login.password"},
                      {"identifier", {{"type", "m.id.user"}, {"user", name}}},
                      {"password", name + "-secret"}};
    if (!device_id.empty()) {
        body["device_id"] = device_id;
    }
    const auto a = client_->ask("POST", prefix + "/login", "", body);
    if (a.status != 200) {
        throw scenario_error("logging in " + name + " gave " + std::to_string(a.status));
    }
    return std::string(a.body.at("access_token").as_string());
}

void http_harness::create_room(const std::string& creator, const room& r) {
    device& d = device_of({creator, ""});
    const auto a =
        request(d, "POST", prefix + "/createRoom",
                {{"preset", "private_chat"},
                 {"initial_state",
                  json::array{{{"type", "m.room.join_rules"},
                               {"content", {{"join_rule", r.is_public ? "public" : "invite"}}}}}}});
    rooms_[r.name] = std::string(a.body.at("room_id").as_string());
    room_creators_[r.name] = creator;
    // Everybody is invited before time 0, so that joining later is nobody else's activity.
    for (const auto& [name, u] : users_) {
        if (name != creator) {
            request(d, "POST", prefix + "/rooms/" + percent_encode(rooms_[r.name]) + "/invite",
                    {{"user_id", user_id(name)}});
        }
    }
    for (const std::string& member : r.members) {
        if (member != creator) {
            join({{member, ""}, r.name});
        }
    }
}

http_harness::device& http_harness::device_of(const actor& who) {
    const auto found = users_.find(who.user);
    if (found == users_.end()) {
        throw scenario_error("nobody is called " + who.user);
    }
    user& u = found->second;
    std::string name = who.device;
    if (name.empty()) {
        name = !u.first.empty() ? u.first : u.devices.empty() ? "" : u.devices.begin()->first;
    }
    if (const auto d = u.devices.find(name); d != u.devices.end()) {
        return *d->second;
    }
    // A device without a name may get one later.
    if (const auto unnamed = u.devices.find(""); unnamed != u.devices.end() && !name.empty()) {
        auto node = u.devices.extract(unnamed);
        node.key() = name;
        return *u.devices.insert(std::move(node)).position->second;
    }
    if (u.spare_tokens.empty()) {
        throw scenario_error(who.user + " has too many devices for this harness");
    }
    auto d = std::make_unique<device>();
    d->user = who.user;
    d->token = u.spare_tokens.front();
    u.spare_tokens.erase(u.spare_tokens.begin());
    d->requests = std::make_unique<http_client>(server_->port());
    d->stream = std::make_unique<http_client>(server_->port());
    return *u.devices.emplace(name, std::move(d)).first->second;
}

http_client::answer http_harness::request(device& d, const std::string& method,
                                          const std::string& path, const json::value& body,
                                          int expected) {
    auto a = d.requests->ask(method, path, d.token, body);
    if (a.status == 0) {  // the server was restarted: the connection is an old one
        a = d.requests->ask(method, path, d.token, body);
    }
    if (a.status != expected) {
        throw scenario_error(method + " " + path + " gave " + std::to_string(a.status) + " " +
                             json::serialize(a.body));
    }
    return a;
}

// Whether there was any.
bool http_harness::record_messages(device& d, const json::array& messages) {
    for (const json::value& e : messages) {
        const std::string type(e.at("type").as_string()), sender(e.at("sender").as_string());
        const bool invite = type == "m.presence_invite";
        const json::object& content = e.at("content").as_object();
        const std::string own = user_id(d.user);
        if ((!invite && type != "m.presence_accept") || content.size() != 2 ||
            text_of(content, "observer_user") != (invite ? sender : own) ||
            text_of(content, "observed_user") != (invite ? own : sender)) {
            d.broken = "an odd message " + json::serialize(e);
        }
        ++d.notices[{invite ? step::notice::invite : step::notice::acceptance, sender}];
    }
    return !messages.empty();
}

bool http_harness::record(device& d, const json::value& response, bool counts) {
    std::set<std::string> in_this;
    for (const json::value& e : response.at("presence").at("events").as_array()) {
        const std::string sender(e.at("sender").as_string());
        if (!in_this.insert(sender).second) {
            d.broken = "two events about " + sender + " in one response";
        }
        d.last[sender] = {read_seen(e.at("content").as_object()), std::chrono::steady_clock::now()};
        if (counts) {
            ++d.news[sender];
        }
    }
    bool marked = false;
    for (const json::value& e : response.at("account_data").at("events").as_array()) {
        marked |= d.markers.insert(std::string(e.at("type").as_string())).second;
    }
    d.since = std::string(response.at("next_batch").as_string());
    const bool told = record_messages(d, response.at("to_device").at("events").as_array());
    return marked || told || !in_this.empty() ||
           !response.at("rooms").at("join").as_object().empty() ||
           !response.at("rooms").at("invite").as_object().empty() ||
           !response.at("rooms").at("leave").as_object().empty();
}

void http_harness::first_sync(device& d) {
    std::string query = prefix + "/sync?timeout=0";
    const bool first = d.since.empty();
    if (!first) {
        query += "&since=" + d.since;
    }
    if (!d.asked.empty()) {
        query += "&set_presence=" + d.asked;
    }
    const auto a = request(d, "GET", query, nullptr);
    const std::lock_guard lock(d.mutex);
    record(d, a.body, !first);
}

void http_harness::poll_loop(device& d) {
    while (true) {
        std::string query;
        {
            const std::lock_guard lock(d.mutex);
            if (!d.polling) {
                return;
            }
            query = prefix + "/sync?timeout=30000&since=" + d.since;
            if (!d.asked.empty()) {
                query += "&set_presence=" + d.asked;
            }
        }
        const auto asked_at = std::chrono::steady_clock::now();
        const auto a = d.stream->ask("GET", query, d.token);
        std::unique_lock lock(d.mutex);
        if (!d.polling) {
            return;
        }
        if (a.status == 200) {
            const bool news = record(d, a.body, true);
            if (!news && !stopping_ && std::chrono::steady_clock::now() - asked_at < 25s) {
                d.broken = "an early empty response";
            }
        } else if (a.status == 401) {
            d.polling = false;
        } else {  // the server is being restarted
            d.changed.wait_for(lock, 5ms, [&] { return !d.polling; });
        }
        d.changed.notify_all();
    }
}

void http_harness::end_loop(device& d) {
    {
        const std::lock_guard lock(d.mutex);
        d.polling = false;
    }
    d.changed.notify_all();
    if (d.loop.joinable()) {
        d.stream->interrupt();
        d.loop.join();
        d.stream->close();
    }
}

void http_harness::sync(const step::syncs& s) {
    device& d = device_of(s.who);
    end_loop(d);
    d.asked = s.as.value_or("");
    first_sync(d);
    user& u = users_[s.who.user];
    if (u.first.empty()) {
        u.first = s.who.device;
    }
    d.polling = true;
    d.loop = std::thread([this, &d] { poll_loop(d); });
}

void http_harness::poll(const step::polls& s) {
    device& d = device_of(s.who);
    d.asked = s.as.value_or("");
    first_sync(d);
}

void http_harness::stop_syncing(const step::stops_syncing& s) {
    end_loop(device_of(s.who));
}

void http_harness::put(const step::puts& s) {
    device& d = device_of(s.who);
    json::object body{{"presence", s.state}};
    if (s.text) {
        body["status_msg"] = *s.text;
    }
    if (s.expires_in) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        body["io.porchlight.status_expires_at"] =
            std::chrono::duration_cast<milliseconds>(now).count() + s.expires_in->count() / speed;
    }
    if (s.unhide) {
        body["io.porchlight.unhide"] = true;
    }
    request(d, "PUT", prefix + "/presence/" + percent_encode(user_id(s.who.user)) + "/status",
            body);
}

void http_harness::deed(const step::does& s) {
    device& d = device_of(s.who);
    const auto joined = request(d, "GET", prefix + "/joined_rooms", nullptr);
    const std::string room(joined.body.at("joined_rooms").as_array().at(0).as_string());
    const std::string base = prefix + "/rooms/" + percent_encode(room);
    if (s.what == step::deed::typing) {
        request(d, "PUT", base + "/typing/" + percent_encode(user_id(s.who.user)),
                {{"typing", true}, {"timeout", 30000}});
        return;
    }
    if (s.what == step::deed::receipt) {
        const auto messages = request(d, "GET", base + "/messages?dir=b&limit=1", nullptr);
        const std::string event(messages.body.at("chunk").at(0).at("event_id").as_string());
        request(d, "POST", base + "/receipt/m.read/" + percent_encode(event), json::object{});
        return;
    }
    request(d, "PUT", base + "/send/m.room.message/" + std::to_string(++transaction_),
            {{"msgtype", "m.text"}, {"body", "hello"}});
}

void http_harness::log_in(const step::logs_in& s) {
    auto d = std::make_unique<device>();
    d->user = s.who.user;
    d->token = log_in_as(s.who.user, s.who.device);
    d->requests = std::make_unique<http_client>(server_->port());
    d->stream = std::make_unique<http_client>(server_->port());
    users_[s.who.user].devices.insert_or_assign(s.who.device, std::move(d));
}

void http_harness::log_out(const step::logs_out& s) {
    request(device_of(s.who), "POST", prefix + "/logout", json::object{});
    end_loop(device_of(s.who));
}

void http_harness::deactivate(const step::is_deactivated& s) {
    device& d = device_of({s.user, ""});
    request(d, "POST", prefix + "/account/deactivate",
            {{"auth",
              {{"type", "m.login.password"},
               {"identifier", {{"type", "m.id.user"}, {"user", s.user}}},
               {"password", s.user + "-secret"}}}});
}

void http_harness::join(const step::joins& s) {
    device& d = device_of(s.who);
    const std::string& room = rooms_.at(s.room);
    const std::string target = prefix + "/join/" + percent_encode(room);
    if (d.requests->ask("POST", target, d.token, json::object{}).status == 200) {
        return;
    }
    // Who left an invite-only room needs a new invitation, which is activity of the host's.
    device& host = device_of({room_creators_.at(s.room), ""});
    request(host, "POST", prefix + "/rooms/" + percent_encode(room) + "/invite",
            {{"user_id", user_id(s.who.user)}});
    request(d, "POST", target, json::object{});
}

void http_harness::leave(const step::leaves& s) {
    request(device_of(s.who), "POST",
            prefix + "/rooms/" + percent_encode(rooms_.at(s.room)) + "/leave", json::object{});
}

void http_harness::kick(const step::kicks& s) {
    request(device_of(s.who), "POST",
            prefix + "/rooms/" + percent_encode(rooms_.at(s.room)) + "/kick",
            {{"user_id", user_id(s.user)}});
}

void http_harness::make_room(const step::makes_room& s) {
    const std::string join_rule = s.is_public ? "public" : "invite";
    request(device_of(s.who), "PUT",
            prefix + "/rooms/" + percent_encode(rooms_.at(s.room)) + "/state/m.room.join_rules",
            {{"join_rule", join_rule}});
}

void http_harness::restart(const step::server_restarts& s) {
    // A server that drains waits up to 1.5 s for clients that vanished or keep idle connections
    // open. In the scenario's time a restart takes none.
    const auto began = std::chrono::steady_clock::now();
    client_->close();
    for (auto& [name, u] : users_) {
        for (auto& [device_name, d] : u.devices) {
            d->requests->close();
        }
    }
    stopping_ = true;
    server_->stop(s.killed);
    stopping_ = false;
    server_->start();
    start_ += std::chrono::steady_clock::now() - began;
}

int http_harness::reloads() {
    const std::string text = client_->text("/metrics");
    static constexpr std::string_view name = "\nporchlight_reloads_total ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size()));
}

void http_harness::change_settings(const step::settings_change& s) {
    int before = reloads();
    const auto change = [&](const std::string& key, const std::string& value) {
        server_->configure(key, value);
        while (reloads() == before) {
        }
        ++before;
    };
    if (s.rooms_policy) {
        change("presence.rooms", '"' + *s.rooms_policy + '"');
    }
    if (s.presence) {
        change("presence.enabled", *s.presence ? "true" : "false");
    }
}

void http_harness::change_lists(const step::changes_lists& s) {
    struct call {
        const char* verb;
        bool of_list;
    };
    static constexpr call calls[] = {{"invite", true},  {"drop", true},    {"accept", false},
                                     {"deny", false},   {"revoke", false}, {"block", false},
                                     {"unblock", false}};
    const call& c = calls[static_cast<std::size_t>(s.verb)];
    request(device_of(s.who), "POST",
            (c.of_list ? prefix + "/presence/list/" : ours + "/invites/") +
                percent_encode(user_id(s.who.user)),
            {{c.verb, json::array{user_id(s.whom)}}});
}

void http_harness::set_policy(const step::sets_policy& s) {
    json::object body;
    if (s.visibility) {
        body["visibility"] = *s.visibility;
    }
    if (s.auto_accept) {
        body["auto_accept"] = *s.auto_accept;
    }
    request(device_of(s.who), "PUT", ours + "/policy/" + percent_encode(user_id(s.who.user)), body);
}

std::optional<seen> http_harness::look(const std::string& observer, const std::string& subject) {
    device& d = device_of({observer, ""});
    const std::string path = prefix + "/presence/" + percent_encode(user_id(subject)) + "/status";
    auto a = d.requests->ask("GET", path, d.token);
    if (a.status == 0) {
        a = d.requests->ask("GET", path, d.token);
    }
    if (a.status == 404) {
        return std::nullopt;
    }
    if (a.status != 200) {
        throw scenario_error("GET status gave " + std::to_string(a.status));
    }
    return read_seen(a.body.as_object());
}

// Whatever was on its way to the device has come: a marker in the user's own account data goes at
// once and carries what is pending.
void http_harness::settle(const actor& observer, device& d) {
    std::unique_lock lock(d.mutex);
    if (!d.polling) {
        return;
    }
    lock.unlock();
    const std::string marker = "test.marker." + std::to_string(++transaction_);
    request(d, "PUT",
            prefix + "/user/" + percent_encode(user_id(observer.user)) + "/account_data/" + marker,
            {{"here", true}});
    lock.lock();
    if (!d.changed.wait_for(lock, 20s, [&] { return d.markers.contains(marker) || !d.polling; })) {
        throw scenario_error("account data did not reach " + observer.user);
    }
}

std::optional<seen> http_harness::last_heard(const actor& observer, const std::string& subject) {
    device& d = device_of(observer);
    settle(observer, d);
    const std::lock_guard lock(d.mutex);
    const auto found = d.last.find(user_id(subject));
    if (found == d.last.end()) {
        return std::nullopt;
    }
    seen what = found->second.what;
    if (what.active_ago) {
        const auto since = std::chrono::steady_clock::now() - found->second.at;
        *what.active_ago += std::chrono::duration_cast<milliseconds>(since) * speed;
    }
    return what;
}

void http_harness::check_not_broken(const actor& who, const device& d) {
    if (!d.broken.empty()) {
        throw scenario_error(d.broken + " at " + who.user);
    }
}

std::size_t http_harness::take_events(const actor& observer,
                                      const std::optional<std::string>& subject) {
    device& d = device_of(observer);
    settle(observer, d);
    const std::lock_guard lock(d.mutex);
    check_not_broken(observer, d);
    std::size_t news = 0;
    for (auto& [sender, count] : d.news) {
        if (subject ? sender == user_id(*subject) : sender != user_id(d.user)) {
            news += std::exchange(count, 0);
        }
    }
    return news;
}

std::optional<listed> http_harness::look_in_list(const std::string& owner,
                                                 const std::string& subject) {
    const auto a = request(device_of({owner, ""}), "GET",
                           prefix + "/presence/list/" + percent_encode(user_id(owner)), nullptr);
    for (const json::value& item : a.body.as_array()) {
        if (text_of(item.as_object(), "user_id") == user_id(subject)) {
            return read_listed(item.as_object());
        }
    }
    return std::nullopt;
}

bool http_harness::has_answer(const std::string& who, const std::string& whom, step::answer what) {
    static constexpr const char* names[] = {"incoming", "observers", "preapproved", "denied",
                                            "blocked"};
    const auto a = request(device_of({who, ""}), "GET",
                           ours + "/invites/" + percent_encode(user_id(who)), nullptr);
    const json::array& there = a.body.at(names[static_cast<std::size_t>(what)]).as_array();
    return std::ranges::any_of(there, [&](const json::value& v) {
        return (v.is_object() ? v.at("user_id") : v).as_string() == user_id(whom);
    });
}

std::size_t http_harness::take_notices(const actor& who, step::notice what, const std::string& by) {
    device& d = device_of(who);
    settle(who, d);
    const std::lock_guard lock(d.mutex);
    check_not_broken(who, d);
    return std::exchange(d.notices[{what, user_id(by)}], 0);
}

}  // namespace porchlight::scenarios
