#include "client_api/sync/room_section.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/stripped_state.h"
#include "client_api/sync/unread.h"

namespace porchlight::client_api {

namespace {

using ports::membership;

constexpr std::size_t timeline_limit_default = 10;

// State that the timeline will not show, though it lies within it: by filter or history.
void add_withheld(state_map& state, const timeline& t) {
    for (const ports::event_row& e : t.withheld) {
        if (!e.state_key) {
            continue;
        }
        const bool superseded = std::ranges::any_of(t.shown, [&e](const ports::event_row& s) {
            return s.state_key == e.state_key && s.type == e.type && s.position > e.position;
        });
        if (!superseded || e.position < t.shown.front().position) {
            state.insert_or_assign({e.type, *e.state_key}, e);
        }
    }
}

std::vector<ports::event_row> rows_of(const state_map& state) {
    std::vector<ports::event_row> rows;
    rows.reserve(state.size());
    for (const auto& [name, row] : state) {
        rows.push_back(row);
    }
    std::ranges::sort(rows, {}, &ports::event_row::position);
    return rows;
}

}  // namespace

event_reader section_writer::reader() const {
    event_reader r;
    r.device = plan.device;
    r.now = plan.now;
    r.with_room_id = false;
    r.federation_format = plan.filter->federation_format;
    return r;
}

void section_writer::begin(const room_plan& r, item_separator& before) {
    before.next();
    matrix::append_json_string(out.text(), r.room_id);
}

section_writer::stretch section_writer::read(const room_plan& r, std::uint64_t after,
                                             std::uint64_t up_to, bool full,
                                             bool check_visibility) {
    stretch s;
    s.full = full;
    const event_filter& f = plan.filter->timeline;
    if (f.rooms.passes(r.room_id)) {
        const std::size_t limit =
            std::min(f.limit.value_or(timeline_limit_default), base::limits::messages_page_max);
        s.events = read_timeline(
            store, {plan.user_id, r.membership, after, up_to, limit, check_visibility}, f);
    } else {
        s.events.start = up_to;
    }
    if (full) {
        s.state = state_at(store, r.membership.room, s.events.start,
                           !plan.filter->state.lazy_load_members);
    } else if (s.events.start > after) {
        s.state = state_changes(store, r.membership.room, after, s.events.start);
    }
    add_withheld(s.state, s.events);
    return s;
}

// With lazy loading the state holds of the members only those the client is about to need; changes
// of members since its token are all told, so that it keeps no stale ones.
void section_writer::add_lazy_members(const room_plan& r, stretch& s) {
    if (!plan.filter->state.lazy_load_members) {
        return;
    }
    std::set<std::string> needed;
    for (const ports::event_row& e : s.events.shown) {
        needed.insert(e.sender);
    }
    if (s.full) {
        needed.insert(plan.user_id);
    }
    if (r.population) {
        needed.insert(r.population->heroes.begin(), r.population->heroes.end());
    }
    for (const std::string& user_id : needed) {
        const std::pair<std::string, std::string> name{"m.room.member", user_id};
        if (s.state.contains(name)) {
            continue;
        }
        if (auto row =
                store.state_event_at(r.membership.room, name.first, name.second, s.events.start)) {
            s.state.emplace(name, std::move(*row));
        }
    }
}

void section_writer::write_events(const std::vector<ports::event_row>& rows, bool with_previous) {
    std::string& text = out.text();
    item_separator separator{text};
    for (const ports::event_row& row : rows) {
        separator.next();
        append_json(text,
                    select_fields(format_event(row, reader(), with_previous ? &store : nullptr),
                                  plan.filter->event_fields));
    }
}

void section_writer::write_timeline(const stretch& s) {
    out.text().append(R"("timeline":{"events":[)");
    write_events(s.events.shown, true);
    out.text().append(s.events.limited ? R"(],"limited":true,"prev_batch":")"
                                       : R"(],"limited":false,"prev_batch":")");
    const std::uint64_t start =
        s.events.shown.empty() ? s.events.start : s.events.shown.front().position - 1;
    append_token(out.text(), {start, plan.next.presence, 0});
    out.text().append(R"("})");
}

void section_writer::write_state(const room_plan& r, const stretch& s) {
    out.text().append(R"({"state":{"events":[)");
    const event_filter& f = plan.filter->state;
    if (f.rooms.passes(r.room_id)) {
        auto rows = rows_of(s.state);
        std::erase_if(rows, [&f](const ports::event_row& e) { return !passes(f, e); });
        write_events(rows, false);
    }
    out.text().append("]},");
}

std::vector<ports::receipt_row> section_writer::receipts_of(const room_plan& r, bool newly) {
    const event_filter& f = plan.filter->ephemeral;
    if (!r.receipts || !f.rooms.passes(r.room_id) || !f.types.passes("m.receipt")) {
        return {};
    }
    return read_receipts(store, r.membership.room, newly ? 0 : plan.after(), plan.next.durable,
                         plan.user);
}

bool section_writer::shows_state(const room_plan& r, const stretch& s) const {
    const event_filter& f = plan.filter->state;
    return f.rooms.passes(r.room_id) &&
           std::ranges::any_of(s.state, [&f](const auto& e) { return passes(f, e.second); });
}

void section_writer::write_ephemeral(const std::vector<std::string>* typing,
                                     std::vector<ports::receipt_row> receipts) {
    std::string& text = out.text();
    text.append(R"(,"ephemeral":{"events":[)");
    item_separator separator{text};
    if (typing != nullptr) {
        separator.next();
        append_typing(text, *typing, {});
    }
    if (!receipts.empty()) {
        separator.next();
        out.receipts(std::move(receipts), {});
    }
    text.append("]}");
}

bool section_writer::joined(const room_plan& r,
                            const std::vector<const ports::account_data_row*>& data,
                            item_separator& before) {
    const std::uint64_t after = plan.after();
    const bool member_event = r.membership.position > after;
    const bool newly =
        !plan.since || (member_event && membership_at(store, r.membership.room, plan.user_id,
                                                      after) != membership::join);
    const bool full = newly || plan.full_state;
    stretch s;
    s.events.start = plan.next.durable;
    if (r.events || full) {
        s = read(r, newly ? 0 : after, plan.next.durable, full, member_event);
    }
    const bool any_state = shows_state(r, s);  // beside what lazy loading adds
    add_lazy_members(r, s);
    auto receipts = receipts_of(r, newly);
    const event_filter& ephemeral = plan.filter->ephemeral;
    const bool typing =
        r.typing && ephemeral.rooms.passes(r.room_id) && ephemeral.types.passes("m.typing");
    if (!full && s.events.shown.empty() && !s.events.limited && !any_state && receipts.empty() &&
        !typing && data.empty()) {
        return false;
    }
    begin(r, before);
    std::string& text = out.text();
    text += ':';
    write_state(r, s);
    write_timeline(s);
    write_ephemeral(typing ? &*r.typing : nullptr, std::move(receipts));
    text.append(R"(,"account_data":{"events":[)");
    item_separator separator{text};
    for (const ports::account_data_row* row : data) {
        separator.next();
        append_account_data(text, *row);
    }
    text.append("]}");
    if (r.population) {
        text.append(R"(,"summary":)");
        append_summary(text, *r.population);
    }
    const unread_counts unread = count_unread(store, plan, r);
    text.append(R"(,"unread_notifications":{"highlight_count":)");
    text.append(std::to_string(unread.highlights)).append(R"(,"notification_count":)");
    text.append(std::to_string(unread.notifications)).append("}}");
    return true;
}

bool section_writer::write_stripped(const room_plan& r, std::string_view section,
                                    item_separator& before) {
    std::string state;
    if (!append_stripped_state(state, store, r.membership.room, plan.user_id,
                               r.membership.position)) {
        return false;
    }
    begin(r, before);
    out.text().append(R"(:{")").append(section).append(R"(":{"events":[)");
    out.text().append(state).append("]}}");
    return true;
}

bool section_writer::invited(const room_plan& r, item_separator& before) {
    return write_stripped(r, "invite_state", before);
}

bool section_writer::knocked(const room_plan& r, item_separator& before) {
    return write_stripped(r, "knock_state", before);
}

bool section_writer::left(const room_plan& r, item_separator& before) {
    const std::uint64_t after = plan.after();
    const std::uint64_t end = r.membership.position;
    // Who only had an invite, or was banned without ever being in, learns that and no state.
    const bool was_member =
        membership_at(store, r.membership.room, plan.user_id, end - 1) == membership::join;
    const bool knew_it = plan.since && membership_at(store, r.membership.room, plan.user_id,
                                                     after) == membership::join;
    stretch s = read(r, after, end, was_member && (!knew_it || plan.full_state), true);
    if (!was_member) {
        s.state.clear();
    } else {
        add_lazy_members(r, s);
    }
    if (s.events.shown.empty() && s.state.empty() && plan.since && !plan.full_state) {
        return false;
    }
    begin(r, before);
    out.text() += ':';
    write_state(r, s);
    write_timeline(s);
    out.text().append(R"(,"account_data":{"events":[]}})");
    return true;
}

}  // namespace porchlight::client_api
