#include "client_api/sync/events_answer.h"

#include <algorithm>

#include "client_api/rooms/event_format.h"
#include "client_api/sync/messages.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/sync_skeleton.h"
#include "client_api/sync/timeline.h"

namespace porchlight::client_api {

namespace {

using rows = std::vector<ports::event_row>;

void add(rows& all, rows more) {
    std::ranges::move(more, std::back_inserter(all));
}

// What the user may see of all rooms past since: the oldest limit + 1 at least, in order.
rows room_events(const sync_plan& plan, ports::store_reader& store, std::size_t limit, bool peeks) {
    rows all;
    const std::uint64_t after = plan.after();
    for (const room_plan& r : plan.joined) {
        const bool check = peeks || r.membership.position > after;
        if (r.events) {
            add(all, read_forward(store, {plan.user_id, r.membership, after, plan.next.durable,
                                          limit, check}));
        }
    }
    for (const room_plan& r : plan.left) {
        add(all, read_forward(store, {plan.user_id, r.membership, after, r.membership.position,
                                      limit, true}));
    }
    for (const room_plan& r : plan.invited) {
        if (auto own = store.state_event_at(r.membership.room, "m.room.member", plan.user_id,
                                            r.membership.position)) {
            all.push_back(std::move(*own));
        }
    }
    std::ranges::sort(all, {}, &ports::event_row::position);
    return all;
}

void write_ephemeral(composed_events& c, item_separator& separator, const sync_plan& plan,
                     ports::store_reader& store, std::uint64_t up_to) {
    std::string& text = c.answer.text();
    for (const room_plan& r : plan.joined) {
        if (r.typing) {
            separator.next();
            append_typing(text, *r.typing, r.room_id);
        }
        if (!r.receipts) {
            continue;
        }
        auto receipts = read_receipts(store, r.membership.room, plan.after(), up_to, plan.user);
        if (!receipts.empty()) {
            separator.next();
            c.answer.receipts(std::move(receipts), r.room_id);
        }
    }
}

}  // namespace

composed_events compose_events(const sync_plan& plan, ports::store_reader& store,
                               const std::vector<std::string>& presence, std::size_t limit,
                               bool peeks) {
    composed_events c;
    rows events = room_events(plan, store, limit, peeks);
    engine::token end = plan.next;
    bool with_presence = true;
    if (events.size() > limit) {
        events.resize(limit);
        end.durable = events.back().position;
        with_presence = false;
    }
    const auto messages = read_messages(plan, store, limit - events.size(), end);
    const std::size_t before = events.size() + messages.size();
    if (before != 0 && before + presence.size() > limit) {
        with_presence = false;
    }
    if (!with_presence) {
        end.presence = plan.since->presence;
        end.cut = plan.since->cut;
    }
    std::string& text = c.answer.text();
    text.append(skeleton::events_begin);
    append_token(text, *plan.since);
    text.append(skeleton::events_end);
    append_token(text, end);
    text.append(skeleton::events_chunk);
    event_reader reader;
    reader.device = plan.device;
    reader.now = plan.now;
    reader.historic = true;
    item_separator separator{text};
    for (const ports::event_row& row : events) {
        separator.next();
        append_json(text, format_event(row, reader, &store));
    }
    write_ephemeral(c, separator, plan, store, end.durable);
    for (const ports::to_device_row& row : messages) {
        separator.next();
        append_message(text, row);
    }
    if (with_presence) {
        for (const std::string& event : presence) {
            separator.next();
            text.append(event);
        }
        c.presence_events = presence.size();
    }
    text.append(skeleton::events_close);
    c.empty = separator.empty();
    return c;
}

}  // namespace porchlight::client_api
