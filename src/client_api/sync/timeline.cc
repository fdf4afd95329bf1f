#include "client_api/sync/timeline.h"

#include <algorithm>

#include "client_api/rooms/event_format.h"
#include "homeserver/rooms/history.h"

namespace porchlight::client_api {

namespace {

constexpr std::size_t page_min = 50;
// A filter or history that hides nearly everything ends the search: the rest is "limited".
constexpr std::size_t pages_max = 10;

bool is_member_event_of(const ports::event_row& e, const std::string& user_id) {
    return e.type == "m.room.member" && e.state_key == user_id;
}

// Those the user may see. The event that made the user's membership what it is always is: whoever
// rejects an invite or is banned sees that.
std::vector<ports::event_row> visible(ports::store_reader& store, const timeline_query& q,
                                      std::vector<ports::event_row> events) {
    if (!q.check_visibility || events.empty()) {
        return events;
    }
    std::optional<ports::event_row> own;
    for (const ports::event_row& e : events) {
        if (e.position == q.membership.position && is_member_event_of(e, q.user_id)) {
            own = e;
        }
    }
    const bool newest_first = events.front().position > events.back().position;
    homeserver::history_reader reader{store, q.user_id, q.membership};
    events = reader.visible(std::move(events));
    if (own) {
        const auto place =
            std::ranges::find_if(events, [&own, newest_first](const ports::event_row& e) {
                return newest_first ? e.position <= own->position : e.position >= own->position;
            });
        if (place == events.end() || place->position != own->position) {
            events.insert(place, std::move(*own));
        }
    }
    return events;
}

std::pair<std::string, std::string> state_name(const ports::event_row& e) {
    return {e.type, e.state_key.value_or("")};
}

}  // namespace

timeline read_timeline(ports::store_reader& store, const timeline_query& q, const event_filter& f) {
    timeline t;
    t.start = q.after;
    ports::event_query page{
        q.membership.room, q.after, q.up_to, true, std::max(q.limit + 1, page_min), false};
    for (std::size_t pages = 0; q.after < page.up_to; ++pages) {
        if (pages == pages_max) {
            t.limited = true;
            t.start = page.up_to;
            break;
        }
        auto rows = store.events(page);
        if (rows.empty()) {
            break;
        }
        const bool last_page = rows.size() < page.limit;
        page.up_to = rows.back().position - 1;
        const auto seen = visible(store, q, rows);
        auto next_seen = seen.begin();
        for (ports::event_row& e : rows) {
            const bool is_visible = next_seen != seen.end() && next_seen->position == e.position;
            next_seen += is_visible ? 1 : 0;
            if (!is_visible || !passes(f, e)) {
                t.withheld.push_back(std::move(e));
                continue;
            }
            if (t.shown.size() == q.limit) {
                t.limited = true;
                t.start = q.limit == 0 ? q.up_to : t.shown.back().position - 1;
                break;
            }
            t.shown.push_back(std::move(e));
        }
        if (last_page || t.limited) {
            break;
        }
    }
    std::erase_if(t.withheld, [&t](const auto& e) { return e.position <= t.start; });
    std::ranges::reverse(t.shown);
    std::ranges::reverse(t.withheld);
    return t;
}

std::vector<ports::event_row> read_forward(ports::store_reader& store, const timeline_query& q) {
    std::vector<ports::event_row> found;
    ports::event_query page{
        q.membership.room, q.after, q.up_to, false, std::max(q.limit + 1, page_min), false};
    while (found.size() <= q.limit) {
        auto rows = store.events(page);
        if (rows.empty()) {
            break;
        }
        const bool last_page = rows.size() < page.limit;
        page.after = rows.back().position;
        for (ports::event_row& e : visible(store, q, std::move(rows))) {
            found.push_back(std::move(e));
        }
        if (last_page) {
            break;
        }
    }
    if (found.size() > q.limit + 1) {
        found.resize(q.limit + 1);
    }
    return found;
}

void overlay(state_map& state, const std::vector<ports::event_row>& events) {
    for (const ports::event_row& e : events) {
        if (e.state_key) {
            state.insert_or_assign(state_name(e), e);
        }
    }
}

state_map state_at(ports::store_reader& store, base::room_key room, std::uint64_t at,
                   bool members) {
    state_map state;
    overlay(state, store.state_at(room, at, members));
    return state;
}

state_map state_changes(ports::store_reader& store, base::room_key room, std::uint64_t after,
                        std::uint64_t up_to) {
    constexpr std::size_t page_size = 200;
    state_map state;
    ports::event_query page{room, after, up_to, false, page_size, true};
    while (page.after < up_to) {
        const auto rows = store.events(page);
        overlay(state, rows);
        if (rows.size() < page_size) {
            break;
        }
        page.after = rows.back().position;
    }
    return state;
}

ports::membership membership_in(const ports::event_row& member_event) {
    const json::object content = event_content(member_event);
    const json::value* v = content.if_contains("membership");
    const std::string_view name =
        v != nullptr && v->is_string() ? std::string_view{v->get_string()} : std::string_view{};
    using ports::membership;
    return name == "join"     ? membership::join
           : name == "invite" ? membership::invite
           : name == "leave"  ? membership::leave
           : name == "ban"    ? membership::ban
           : name == "knock"  ? membership::knock
                              : membership::none;
}

ports::membership membership_at(ports::store_reader& store, base::room_key room,
                                const std::string& user_id, std::uint64_t at) {
    const auto event = store.state_event_at(room, "m.room.member", user_id, at);
    return event ? membership_in(*event) : ports::membership::none;
}

bool has_url(const ports::event_row& event) {
    const json::object content = event_content(event);
    const json::value* url = content.if_contains("url");
    return url != nullptr && url->is_string();
}

bool passes(const event_filter& f, const ports::event_row& event) {
    return f.passes(event.type, event.sender) &&
           (!f.contains_url || *f.contains_url == has_url(event));
}

}  // namespace porchlight::client_api
