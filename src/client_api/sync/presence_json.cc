#include "client_api/sync/presence_json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.h"
#include "matrix/json.h"

namespace porchlight::client_api {

namespace {

void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
    out.append(digits.data(), end);
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
    if (!text.empty()) {
        out.append(key);
        matrix::append_json_string(out, text);
    }
}

}  // namespace

std::string_view presence_name(presence::state s, bool hidden) {
    if (hidden) {
        return "hidden";
    }
    switch (s) {
        case presence::state::offline:
            return "offline";
        case presence::state::unavailable:
            return "unavailable";
        case presence::state::online:
            return "online";
        case presence::state::free_for_chat:
            return "free_for_chat";
        case presence::state::busy:
            return "busy";
    }
    ASSERT(false);
}

void append_presence_event(std::string& out, const presence_event& e, base::wall_time now) {
    out.append(R"({"type":"m.presence","sender":)");
    matrix::append_json_string(out, e.user_id);
    out.append(R"(,"content":{"user_id":)");
    matrix::append_json_string(out, e.user_id);
    out.append(R"(,"presence":")");
    out.append(presence_name(e.shown, e.hidden));
    out.append(R"(")");
    if (e.last_active) {
        out.append(R"(,"last_active_ago":)");
        const auto ago = std::max(now - *e.last_active, base::milliseconds{0});
        append_number(out, static_cast<std::uint64_t>(ago.count()));
    }
    out.append(e.currently_active ? R"(,"currently_active":true)" : R"(,"currently_active":false)");
    append_member(out, R"(,"status_msg":)", e.text);
    append_member(out, R"(,"displayname":)", e.displayname);
    append_member(out, R"(,"avatar_url":)", e.avatar_url);
    out.append("}}");
}

presence_event event_of(const engine::batch& b, const engine::batch::subject& s) {
    return {b.text_of(s.user_id, s.user_id_size),
            s.shown,
            s.hidden,
            s.currently_active,
            s.last_active,
            b.text_of(s.text, s.text_size),
            b.text_of(s.displayname, s.displayname_size),
            b.text_of(s.avatar_url, s.avatar_url_size)};
}

presence_event event_of(const engine::profile& p, const presence::view& v) {
    return {p.user_id,     v.shown, v.hidden,      v.currently_active,
            v.last_active, v.text,  p.displayname, p.avatar_url};
}

void append_token(std::string& out, const engine::token& t) {
    append_number(out, t.durable);
    out += '.';
    append_number(out, t.presence);
    out += '.';
    append_number(out, t.cut);
    if (t.messages < t.durable) {
        out += '.';
        append_number(out, t.messages);
    }
}

}  // namespace porchlight::client_api
