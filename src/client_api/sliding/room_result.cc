#include "client_api/sliding/room_result.h"

#include <algorithm>

#include "client_api/sync/presence_json.h"
#include "client_api/sync/stripped_state.h"
#include "client_api/sync/unread.h"

namespace porchlight::client_api::sliding {

using ports::membership;

namespace {

constexpr std::size_t bump_page = 50, bump_pages_max = 4;

std::string_view membership_name(membership m) {
    switch (m) {
        case membership::join:
            return "join";
        case membership::invite:
            return "invite";
        case membership::knock:
            return "knock";
        case membership::ban:
            return "ban";
        case membership::leave:
        case membership::none:
            break;
    }
    return "leave";
}

// What moves a room up in a client's list.
bool is_activity(const ports::event_row& e) {
    static constexpr std::string_view types[] = {
        "m.room.create", "m.room.message", "m.room.encrypted", "m.sticker",
        "m.call.invite", "m.poll.start",   "m.beacon_info"};
    return std::ranges::find(types, e.type) != std::end(types);
}

bool is_member(const std::pair<std::string, std::string>& name) {
    return name.first == "m.room.member";
}

// A text in the content of a state event; empty: there is none.
std::string text_in(const state_map& state, const std::string& type, const std::string& key,
                    std::string_view member) {
    const auto found = state.find({type, key});
    if (found == state.end()) {
        return {};
    }
    const json::object content = event_content(found->second);
    const json::value* v = content.if_contains(member);
    return v != nullptr && v->is_string() ? std::string{v->get_string()} : std::string{};
}

// As rooms::population(), at the position of a state that holds all members.
homeserver::room_population population_in(const state_map& state, const std::string& user_id) {
    constexpr std::size_t heroes_max = 5;
    homeserver::room_population p;
    std::vector<const ports::event_row*> present, gone;
    for (const auto& [name, event] : state) {
        if (!is_member(name)) {
            continue;
        }
        const membership m = membership_in(event);
        p.joined += m == membership::join ? 1 : 0;
        p.invited += m == membership::invite ? 1 : 0;
        if (name.second != user_id) {
            (m == membership::join || m == membership::invite ? present : gone).push_back(&event);
        }
    }
    auto& others = present.empty() ? gone : present;
    std::ranges::sort(others, {}, &ports::event_row::position);
    for (std::size_t i = 0; i < std::min(heroes_max, others.size()); ++i) {
        p.heroes.push_back(others[i]->state_key.value_or(std::string{}));
    }
    return p;
}

void append_text_or_null(std::string& out, std::string_view key, const std::string& text) {
    out.append(",\"").append(key).append("\":");
    if (text.empty()) {
        out.append("null");
    } else {
        matrix::append_json_string(out, text);
    }
}

std::vector<ports::event_row> in_order(const state_map& state) {
    std::vector<ports::event_row> rows;
    for (const auto& [name, row] : state) {
        rows.push_back(row);
    }
    std::ranges::sort(rows, {}, &ports::event_row::position);
    return rows;
}

bool was_joined(const matched_room& m) {
    return m.sent != nullptr && m.sent->state == membership::join;
}

}  // namespace

event_reader result_writer::reader() const {
    event_reader r;
    r.device = plan_.who.device;
    r.now = plan_.now;
    r.with_room_id = false;
    return r;
}

bool result_writer::write(const matched_room& m, item_separator& before, sent_room& known) {
    const membership now = m.room->membership.state;
    const bool told =
        now == membership::join ||
                ((now == membership::leave || now == membership::ban) && was_joined(m))
            ? joined(m, before, known)
            : stripped(m, before, known);
    if (told) {
        known.state = now;
        known.up_to = now == membership::join ? plan_.next.durable : m.room->membership.position;
        known.config = m.config;
    }
    return told;
}

// Does the client ask for state it did not ask for when it was told last?
bool result_writer::is_widened(const matched_room& m) {
    const config_ptr& old = m.sent->config;
    return old != m.config &&
           !std::ranges::all_of(m.config->state, [&old](const required_state& s) {
               return std::ranges::find(old->state, s) != old->state.end();
           });
}

void result_writer::read(const matched_room& m, news& n) {
    const base::room_key room = m.room->membership.room;
    const bool check = n.initial || n.expanded || m.room->membership.position > n.from;
    n.shown = read_timeline(store_,
                            {plan_.user_id, m.room->membership, n.expanded ? 0 : n.from, n.up_to,
                             m.config->timeline_limit, check},
                            event_filter{});
    if (!n.initial && n.events) {
        n.changes = state_changes(store_, room, n.from, n.up_to);
        n.members_changed =
            std::ranges::any_of(n.changes, [](const auto& e) { return is_member(e.first); });
    }
    if (n.initial || n.widened || n.members_changed) {
        n.whole = state_at(store_, room, n.up_to, true);
    }
}

// The members that lazy loading shows: who speaks in the timeline or is spoken of, and, where there
// is no gap, whoever changed.
void result_writer::add_lazy_members(const matched_room& m, news& n, state_map& state) {
    std::set<std::string> needed;
    for (const ports::event_row& e : n.shown.shown) {
        needed.insert(e.sender);
        if (e.state_key && e.type == "m.room.member") {
            needed.insert(*e.state_key);
        }
    }
    if (!n.shown.limited) {
        for (const auto& [name, row] : n.changes) {
            if (is_member(name)) {
                needed.insert(name.second);
            }
        }
    }
    for (const std::string& id : needed) {
        const std::pair<std::string, std::string> name{"m.room.member", id};
        if (const auto found = n.whole.find(name); found != n.whole.end()) {
            state.insert(*found);
        } else if (n.whole.empty()) {
            if (auto row =
                    store_.state_event_at(m.room->membership.room, name.first, id, n.up_to)) {
                state.emplace(name, std::move(*row));
            }
        }
    }
}

state_map result_writer::required(const matched_room& m, news& n) {
    state_map state;
    const room_config& config = *m.config;
    for (const auto& [name, row] : n.initial || n.widened ? n.whole : n.changes) {
        if (!config.passes(name.first, name.second)) {
            continue;
        }
        const bool is_new =
            n.initial || row.position > n.from || !m.sent->config->passes(name.first, name.second);
        if (is_new) {
            state.emplace(name, row);
        }
    }
    if (config.lazy_members()) {
        add_lazy_members(m, n, state);
    }
    return state;
}

// Where the last of the events stands that count as activity; 0: nowhere past n.from.
std::uint64_t result_writer::bump_stamp(const matched_room& m, const news& n) {
    for (auto e = n.shown.shown.rbegin(); e != n.shown.shown.rend(); ++e) {
        if (is_activity(*e)) {
            return e->position > n.from ? e->position : 0;
        }
    }
    ports::event_query page{m.room->membership.room, n.from, n.up_to, true, bump_page, false};
    for (std::size_t pages = 0; pages < bump_pages_max; ++pages) {
        const auto rows = store_.events(page);
        const auto found = std::ranges::find_if(rows, is_activity);
        if (found != rows.end()) {
            return found->position;
        }
        if (rows.size() < bump_page) {
            return 0;
        }
        page.up_to = rows.back().position - 1;
    }
    return page.up_to;  // long ago
}

void result_writer::begin(const matched_room& m, item_separator& before) {
    before.next();
    matrix::append_json_string(out_, m.room->room_id);
    out_.append(R"(:{"membership":")").append(membership_name(m.room->membership.state));
    out_ += '"';
    if (!m.lists.empty()) {
        out_.append(R"(,"lists":[)");
        item_separator names{out_};
        for (const std::size_t l : m.lists) {
            names.next();
            matrix::append_json_string(out_, plan_.asked->wanted->lists[l].name);
        }
        out_ += ']';
    }
}

void result_writer::write_events(const std::vector<ports::event_row>& rows, bool with_previous) {
    item_separator separator{out_};
    for (const ports::event_row& row : rows) {
        separator.next();
        append_json(out_, format_event(row, reader(), with_previous ? &store_ : nullptr));
    }
}

void result_writer::write_timeline(const news& n) {
    const auto& shown = n.shown.shown;
    const std::uint64_t live_from = !n.initial      ? n.from
                                    : plan_.first() ? n.up_to
                                                    : plan_.base.pos.token.durable;
    const auto live =
        std::ranges::count_if(shown, [live_from](const auto& e) { return e.position > live_from; });
    out_.append(R"(,"timeline":[)");
    write_events(shown, true);
    out_.append(R"(],"num_live":)").append(std::to_string(live));
    out_.append(n.shown.limited ? R"(,"limited":true)" : R"(,"limited":false)");
    const std::uint64_t start = shown.empty() ? n.shown.start : shown.front().position - 1;
    out_.append(R"(,"prev_batch":")");
    append_token(out_, {.durable = start, .presence = plan_.next.presence});
    out_ += '"';
    if (n.expanded) {
        out_.append(R"(,"expanded_timeline":true,"unstable_expanded_timeline":true)");
    }
}

// Name and picture where they are told for the first time or changed.
void result_writer::write_name(const news& n) {
    for (const auto& [type, member, key] : {std::tuple{"m.room.name", "name", "name"},
                                            std::tuple{"m.room.avatar", "url", "avatar"}}) {
        const std::string text = text_in(n.initial ? n.whole : n.changes, type, "", member);
        if (n.initial ? !text.empty() : n.changes.contains({type, ""})) {
            append_text_or_null(out_, key, text);
        }
    }
}

void result_writer::write_summary(const news& n, bool has_name) {
    if (n.whole.empty()) {
        return;
    }
    const auto s = population_in(n.whole, plan_.user_id);
    out_.append(R"(,"joined_count":)").append(std::to_string(s.joined));
    out_.append(R"(,"invited_count":)").append(std::to_string(s.invited));
    if (has_name) {
        return;
    }
    out_.append(R"(,"heroes":[)");
    item_separator separator{out_};
    for (const std::string& id : s.heroes) {
        separator.next();
        out_.append(R"({"user_id":)");
        matrix::append_json_string(out_, id);
        for (const auto* key : {"displayname", "avatar_url"}) {
            if (const auto text = text_in(n.whole, "m.room.member", id, key); !text.empty()) {
                append_text_or_null(out_, key, text);
            }
        }
        out_ += '}';
    }
    out_ += ']';
}

// As /sync counts them.
void result_writer::write_unread(const matched_room& m) {
    unread_counts counts;
    if (m.room->membership.state == membership::join) {
        sync_plan reader;
        reader.user = plan_.who.user;
        reader.user_id = plan_.user_id;
        reader.next = plan_.next;
        reader.unread = plan_.unread;
        room_plan r;
        r.membership = m.room->membership;
        r.joined_members = m.room->joined_members;
        counts = count_unread(store_, reader, r);
    }
    out_.append(R"(,"notification_count":)").append(std::to_string(counts.notifications));
    out_.append(R"(,"highlight_count":)").append(std::to_string(counts.highlights));
}

bool result_writer::joined(const matched_room& m, item_separator& before, sent_room& known) {
    const bool is_joined = m.room->membership.state == membership::join;
    news n;
    n.initial = !was_joined(m);
    n.from = n.initial ? 0 : m.sent->up_to;
    n.up_to = is_joined ? plan_.next.durable : m.room->membership.position;
    n.events = n.initial || m.room->recency > n.from;
    n.expanded = !n.initial && is_joined && m.config->timeline_limit > m.sent->timeline_limit;
    n.widened = !n.initial && is_joined && is_widened(m);
    const bool look_at_dm = n.initial || plan_.account_data_position > plan_.base.pos.token.durable;
    const bool is_dm = look_at_dm ? data_.is_dm(m.room->room_id) : m.sent->is_dm;
    const bool dm_changed = n.initial ? is_dm : is_dm != m.sent->is_dm;
    if (!n.events && !n.expanded && !n.widened && !dm_changed) {
        return false;
    }
    read(m, n);
    const state_map state = required(m, n);
    if (!n.events && !n.expanded && !dm_changed && state.empty()) {
        known.config = m.config;  // nothing there of what is asked for in addition
        return false;
    }
    begin(m, before);
    out_.append(n.initial ? R"(,"initial":true)" : "");
    write_name(n);
    write_summary(n, !text_in(n.whole, "m.room.name", "", "name").empty());
    if (dm_changed) {
        out_.append(is_dm ? R"(,"is_dm":true)" : R"(,"is_dm":false)");
    }
    out_.append(R"(,"required_state":[)");
    write_events(in_order(state), false);
    out_ += ']';
    write_timeline(n);
    if (const auto stamp = is_joined ? bump_stamp(m, n) : n.up_to; stamp != 0) {
        out_.append(R"(,"bump_stamp":)").append(std::to_string(stamp));
    }
    write_unread(m);
    out_ += '}';
    known.is_dm = is_dm;
    const bool gap = n.initial || n.expanded || n.shown.limited;
    known.timeline_limit =
        gap ? m.config->timeline_limit : std::max(known.timeline_limit, m.config->timeline_limit);
    return true;
}

// Of rooms the user is invited to, or was without ever being in (as far as the client knows).
bool result_writer::stripped(const matched_room& m, item_separator& before, sent_room& known) {
    const auto& info = m.room->membership;
    if (m.sent != nullptr && m.sent->up_to >= info.position && m.sent->state == info.state) {
        return false;
    }
    std::string state;
    if (info.state == membership::invite || info.state == membership::knock) {
        if (!append_stripped_state(state, store_, info.room, plan_.user_id, info.position)) {
            return false;
        }
    } else if (const auto own = store_.state_event_at(info.room, "m.room.member", plan_.user_id,
                                                      info.position)) {
        append_json(state, format_stripped(*own));
    }
    begin(m, before);
    out_.append(R"(,"initial":true,"invite_state":[)").append(state);
    out_.append(R"(],"stripped_state":[)").append(state);
    out_.append(R"(],"bump_stamp":)").append(std::to_string(info.position));
    out_ += '}';
    known.timeline_limit = 0;
    return true;
}

}  // namespace porchlight::client_api::sliding
