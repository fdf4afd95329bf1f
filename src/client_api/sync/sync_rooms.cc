#include "client_api/sync/sync_rooms.h"

#include <unordered_map>

#include "base/limits.h"
#include "client_api/sync/messages.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/room_section.h"
#include "client_api/sync/sync_skeleton.h"

namespace porchlight::client_api {

namespace {

using rows_by_room =
    std::unordered_map<base::room_key, std::vector<const ports::account_data_row*>>;

rows_by_room wanted_by_room(const sync_plan& plan,
                            const std::vector<ports::account_data_row>& rows) {
    rows_by_room wanted;
    for (const ports::account_data_row& row : rows) {
        if (row.room.valid() && plan.filter->room_account_data.types.passes(row.type)) {
            wanted[row.room].push_back(&row);
        }
    }
    return wanted;
}

// False: nothing written.
bool write_account_data(std::string& out, const sync_plan& plan,
                        const std::vector<ports::account_data_row>& rows) {
    item_separator separator{out};
    for (const ports::account_data_row& row : rows) {
        if (!row.room.valid() && plan.filter->account_data.types.passes(row.type)) {
            separator.next();
            append_account_data(out, row);
        }
    }
    return !separator.empty();
}

bool is_new(const sync_plan& plan, const room_plan& r, bool has_data) {
    return plan.everything() || r.events || r.typing || r.receipts || has_data ||
           r.membership.position > plan.after();
}

}  // namespace

bool write_rooms(answer_text& out, const sync_plan& plan, ports::store_reader& store,
                 const std::vector<ports::account_data_row>& account_data) {
    const rows_by_room by_room = wanted_by_room(plan, account_data);
    section_writer writer{out, plan, store};
    std::string& text = out.text();
    bool any = false;
    text.append(R"({"join":{)");
    item_separator joined{text};
    for (const room_plan& r : plan.joined) {
        static const std::vector<const ports::account_data_row*> none;
        const auto found = by_room.find(r.membership.room);
        const bool wanted =
            found != by_room.end() && plan.filter->room_account_data.rooms.passes(r.room_id);
        if (is_new(plan, r, wanted)) {
            any = writer.joined(r, wanted ? found->second : none, joined) || any;
        }
    }
    text.append(R"(},"invite":{)");
    item_separator invited{text};
    for (const room_plan& r : plan.invited) {
        any = writer.invited(r, invited) || any;
    }
    if (!plan.knocked.empty()) {
        text.append(R"(},"knock":{)");
        item_separator knocked{text};
        for (const room_plan& r : plan.knocked) {
            any = writer.knocked(r, knocked) || any;
        }
    }
    text.append(R"(},"leave":{)");
    item_separator left{text};
    for (const room_plan& r : plan.left) {
        any = writer.left(r, left) || any;
    }
    text.append("}}");
    return any;
}

composed_sync compose_sync(const sync_plan& plan, ports::store_reader& store,
                           const std::string& presence) {
    composed_sync c;
    std::vector<ports::account_data_row> rows;
    if (plan.account_data || plan.everything()) {
        rows = store.account_data(plan.user, plan.everything() ? 0 : plan.after());
        std::erase_if(rows, [&plan](const auto& r) { return r.position > plan.next.durable; });
    }
    engine::token next = plan.next;
    const auto messages =
        read_messages(plan, store, base::limits::to_device_per_response_max, next);
    std::string& text = c.answer.text();
    text.append(skeleton::sync_begin);
    append_token(text, next);
    text.append(skeleton::sync_account_data);
    const bool data = write_account_data(text, plan, rows);
    text.append(skeleton::sync_rooms);
    const bool rooms = write_rooms(c.answer, plan, store, rows);
    text.append(skeleton::sync_presence);
    text.append(presence);
    text.append(skeleton::sync_to_device);
    item_separator separator{text};
    for (const ports::to_device_row& row : messages) {
        separator.next();
        append_message(text, row);
    }
    text.append(skeleton::sync_messages_end);
    append_key_news(text, plan.keys);
    text.append(skeleton::sync_end);
    c.empty = !data && !rooms && messages.empty() && plan.keys.empty();
    return c;
}

}  // namespace porchlight::client_api
