#include "client_api/sync/initial_sync.h"

#include <algorithm>

#include "client_api/rooms/event_format.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/timeline.h"
#include "homeserver/rooms/history.h"

namespace porchlight::client_api {

namespace {

using ports::membership;

std::string_view membership_name(membership m) {
    switch (m) {
        case membership::invite:
            return "invite";
        case membership::join:
            return "join";
        case membership::ban:
            return "ban";
        case membership::knock:
            return "knock";
        case membership::leave:
        case membership::none:
            break;
    }
    return "leave";
}

event_reader reader_of(const sync_plan& plan) {
    event_reader r;
    r.device = plan.device;
    r.now = plan.now;
    r.historic = true;
    return r;
}

void write_list(std::string& text, const std::vector<ports::event_row>& rows,
                const event_reader& reader, ports::store_reader* store) {
    item_separator separator{text};
    for (const ports::event_row& row : rows) {
        separator.next();
        append_json(text, format_event(row, reader, store));
    }
}

// ,"messages":{...},"state":[...] as of `up_to`.
void write_history(std::string& text, const sync_plan& plan, const room_plan& r,
                   std::uint64_t up_to, std::size_t limit, ports::store_reader& store) {
    const timeline t =
        read_timeline(store, {plan.user_id, r.membership, 0, up_to, limit, true}, event_filter{});
    const std::uint64_t start = t.shown.empty() ? up_to : t.shown.front().position - 1;
    text.append(R"(,"messages":{"start":")");
    append_token(text, {start, plan.next.presence, 0});
    text.append(R"(","end":")");
    append_token(text, {up_to, plan.next.presence, 0});
    text.append(R"(","chunk":[)");
    write_list(text, t.shown, reader_of(plan), &store);
    text.append(R"(]},"state":[)");
    write_list(text, store.state_at(r.membership.room, up_to, true), reader_of(plan), nullptr);
    text += ']';
}

void write_head(std::string& text, const room_plan& r) {
    text.append(R"({"room_id":)");
    matrix::append_json_string(text, r.room_id);
    text.append(R"(,"membership":")").append(membership_name(r.membership.state));
    text.append(R"(","visibility":)").append(r.is_public ? R"("public")" : R"("private")");
}

void write_account_data(std::string& text, const std::vector<ports::account_data_row>& rows,
                        base::room_key room) {
    item_separator separator{text};
    for (const ports::account_data_row& row : rows) {
        if (row.room == room) {
            separator.next();
            append_account_data(text, row);
        }
    }
}

void write_receipts(answer_text& out, item_separator& separator, const sync_plan& plan,
                    const room_plan& r, ports::store_reader& store) {
    auto rows = read_receipts(store, r.membership.room, 0, plan.next.durable, plan.user);
    if (!rows.empty()) {
        separator.next();
        out.receipts(std::move(rows), r.room_id);
    }
}

void write_invite(std::string& text, const sync_plan& plan, const room_plan& r,
                  ports::store_reader& store) {
    const auto own = store.state_event_at(r.membership.room, "m.room.member", plan.user_id,
                                          r.membership.position);
    if (!own) {
        return;
    }
    text.append(R"(,"inviter":)");
    matrix::append_json_string(text, own->sender);
    text.append(R"(,"invite":)");
    append_json(text, format_event(*own, reader_of(plan)));
}

}  // namespace

answer_text compose_initial_sync(const sync_plan& plan, ports::store_reader& store,
                                 const std::string& presence, std::size_t limit) {
    answer_text out;
    std::string& text = out.text();
    const auto account_data = store.account_data(plan.user, 0);
    text.append(R"({"end":")");
    append_token(text, plan.next);
    text.append(R"(","presence":[)").append(presence).append(R"(],"rooms":[)");
    item_separator rooms{text};
    for (const room_plan& r : plan.joined) {
        rooms.next();
        write_head(text, r);
        write_history(text, plan, r, plan.next.durable, limit, store);
        text.append(R"(,"account_data":[)");
        write_account_data(text, account_data, r.membership.room);
        text.append("]}");
    }
    for (const room_plan& r : plan.invited) {
        rooms.next();
        write_head(text, r);
        write_invite(text, plan, r, store);
        text += '}';
    }
    for (const room_plan& r : plan.left) {
        rooms.next();
        write_head(text, r);
        const homeserver::history_reader history{store, plan.user_id, r.membership};
        if (const auto end = history.state_position()) {
            write_history(text, plan, r, std::min(*end, plan.next.durable), limit, store);
        }
        text += '}';
    }
    text.append(R"(],"account_data":[)");
    write_account_data(text, account_data, base::room_key{});
    text.append(R"(],"receipts":[)");
    item_separator receipts{text};
    for (const room_plan& r : plan.joined) {
        write_receipts(out, receipts, plan, r, store);
    }
    text.append("]}");
    return out;
}

outcome<answer_text> compose_room_initial_sync(const room_initial_sync_query& q,
                                               ports::store_reader& store) {
    const sync_plan& plan = q.plan;
    const room_plan& r = plan.joined.front();
    std::uint64_t up_to = plan.next.durable;
    if (!q.readable_now) {
        const homeserver::history_reader history{store, plan.user_id, r.membership};
        const auto end = history.state_position();
        if (!end) {
            return fail(errc::forbidden, "You are not in this room");
        }
        up_to = std::min(up_to, *end);
    }
    answer_text out;
    std::string& text = out.text();
    write_head(text, r);
    if (r.membership.state == membership::invite) {
        write_invite(text, plan, r, store);
    }
    write_history(text, plan, r, up_to, q.limit, store);
    text.append(R"(,"presence":[)").append(q.presence).append(R"(],"account_data":[)");
    write_account_data(text, store.account_data(plan.user, 0), r.membership.room);
    text.append(R"(],"receipts":[)");
    if (q.readable_now) {
        item_separator receipts{text};
        write_receipts(out, receipts, plan, r, store);
    }
    text.append("]}");
    return out;
}

}  // namespace porchlight::client_api
