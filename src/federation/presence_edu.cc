#include "federation/presence_edu.h"

#include <algorithm>

#include "base/limits.h"
#include "matrix/identifier.h"

namespace porchlight::federation {

namespace {

using presence::state;

std::optional<state> state_of(std::string_view name) {
    struct named {
        std::string_view name;
        state s;
    };
    static constexpr named all[] = {
        {"offline", state::offline}, {"unavailable", state::unavailable},
        {"online", state::online},   {"free_for_chat", state::free_for_chat},
        {"busy", state::busy},       {"org.matrix.msc3026.busy", state::busy}};
    const auto* found = std::ranges::find(all, name, &named::name);
    return found == std::end(all) ? std::nullopt : std::optional{found->s};
}

std::string_view name_of(state s, bool to_porchlight) {
    switch (s) {
        case state::offline:
            return "offline";
        case state::unavailable:
            return "unavailable";
        case state::online:
            return "online";
        case state::free_for_chat:
            return to_porchlight ? "free_for_chat" : "online";
        case state::busy:
            return to_porchlight ? "busy" : "online";
    }
    return "offline";
}

bool is_user_of(std::string_view id, std::string_view server) {
    const auto parsed = matrix::parse_user_id(id);
    return parsed && parsed->server == server;
}

// A text of at most `bytes_max`; null counts as absent. False: it is something else.
bool read_text(const json::object& o, std::string_view key, std::size_t bytes_max,
               std::optional<std::string>& out) {
    const auto* v = o.if_contains(key);
    if (v == nullptr || v->is_null()) {
        return true;
    }
    if (!v->is_string() || v->get_string().size() > bytes_max) {
        return false;
    }
    out = std::string{v->get_string()};
    return true;
}

bool read_ago(const json::object& o, std::optional<base::milliseconds>& out) {
    const auto* v = o.if_contains("last_active_ago");
    if (v == nullptr || v->is_null()) {
        return true;
    }
    std::int64_t ms = -1;
    if (v->is_int64()) {
        ms = v->get_int64();
    } else if (v->is_uint64() && v->get_uint64() <= static_cast<std::uint64_t>(INT64_MAX)) {
        ms = static_cast<std::int64_t>(v->get_uint64());
    }
    if (ms < 0 || base::milliseconds{ms} > base::limits::active_ago_max) {
        return false;
    }
    out = base::milliseconds{ms};
    return true;
}

std::optional<push> read_push(const json::value& v, std::string_view origin) {
    if (!v.is_object()) {
        return std::nullopt;
    }
    const json::object& o = v.get_object();
    std::optional<std::string> id;
    std::optional<std::string> shown;
    std::optional<std::string> text;
    push p;
    namespace limits = base::limits;
    if (!read_text(o, "user_id", limits::id_bytes_max, id) || !id || !is_user_of(*id, origin) ||
        !read_text(o, "presence", limits::id_bytes_max, shown) || !shown ||
        !read_text(o, "status_msg", limits::status_text_bytes_max, text) ||
        !read_text(o, "displayname", limits::displayname_bytes_max, p.displayname) ||
        !read_text(o, "avatar_url", limits::avatar_url_bytes_max, p.avatar_url) ||
        !read_ago(o, p.active_ago)) {
        return std::nullopt;
    }
    const auto known = state_of(*shown);
    if (!known) {
        return std::nullopt;
    }
    if (const auto* active = o.if_contains("currently_active"); active != nullptr) {
        if (!active->is_bool() && !active->is_null()) {
            return std::nullopt;
        }
        p.currently_active = active->is_bool() && active->get_bool();
    }
    p.user_id = std::move(*id);
    p.shown = *known;
    // Only who is there is currently active, whatever the other server says.
    p.currently_active = p.currently_active && *known >= state::online;
    p.text = std::move(text).value_or("");
    return p;
}

// Calls `each` with the items of a list; what is no list, or too many, is dropped.
template <class Each>
void go_over(const json::object& content, std::string_view key, std::size_t& dropped, Each each) {
    const auto* list = content.if_contains(key);
    if (list == nullptr || list->is_null()) {
        return;
    }
    if (!list->is_array()) {
        ++dropped;
        return;
    }
    const json::array& items = list->get_array();
    const std::size_t count = std::min(items.size(), base::limits::edu_items_max);
    dropped += items.size() - count;
    for (std::size_t i = 0; i < count; ++i) {
        dropped += each(items[i]) ? 0 : 1;
    }
}

}  // namespace

presence_edu read_presence(const json::object& content, std::string_view origin,
                           std::string_view here) {
    presence_edu e;
    e.from_porchlight = content.contains(porchlight_marker);
    go_over(content, "push", e.dropped, [&](const json::value& v) {
        auto p = read_push(v, origin);
        if (!p) {
            return false;
        }
        if (e.from_porchlight) {  // which leaves out what there is none of
            p->displayname = std::move(p->displayname).value_or("");
            p->avatar_url = std::move(p->avatar_url).value_or("");
        }
        e.pushes.push_back(std::move(*p));
        return true;
    });
    const auto read_ids = [&](std::string_view key, std::vector<std::string>& into) {
        go_over(content, key, e.dropped, [&](const json::value& v) {
            if (!v.is_string() || !is_user_of(v.get_string(), here)) {
                return false;
            }
            into.emplace_back(v.get_string());
            return true;
        });
    };
    read_ids("poll", e.polls);
    read_ids("unpoll", e.unpolls);
    return e;
}

json::object push_json(const push_facts& f) {
    json::object o;
    o["user_id"] = f.user_id;
    o["presence"] = name_of(f.view.shown, f.to_porchlight);
    if (f.view.last_active) {
        o["last_active_ago"] = std::max<std::int64_t>((f.now - *f.view.last_active).count(), 0);
    }
    o["currently_active"] = f.view.currently_active;
    if (!f.view.text.empty()) {
        o["status_msg"] = f.view.text;
    }
    if (!f.displayname.empty()) {
        o["displayname"] = f.displayname;
    }
    if (!f.avatar_url.empty()) {
        o["avatar_url"] = f.avatar_url;
    }
    return o;
}

json::object presence_edu_json(json::array pushes, json::array polls, json::array unpolls) {
    json::object content;
    content["push"] = std::move(pushes);  // Synapse looks for it without asking
    if (!polls.empty()) {
        content["poll"] = std::move(polls);
    }
    if (!unpolls.empty()) {
        content["unpoll"] = std::move(unpolls);
    }
    content[porchlight_marker] = json::object{};
    return json::object{{"edu_type", "m.presence"}, {"content", std::move(content)}};
}

}  // namespace porchlight::federation
