#include "client_api/sliding/compose.h"

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "client_api/sliding/metrics.h"
#include "client_api/sliding/room_result.h"
#include "client_api/sync/messages.h"

namespace porchlight::client_api::sliding {

namespace limits = base::limits;
using ports::membership;

namespace {

// A matched room that the client knows, and what it knows of it after this answer.
struct known_room {
    const matched_room* matched;
    sent_room known;
    bool changed = false;
    bool is_joined() const { return known.state == membership::join; }
};

class composer {
  public:
    composer(const plan& p, ports::store_reader& store, facts_cache& facts)
        : plan_(p), store_(store), data_(p.who.user, p.next.durable, store) {
        if (p.look) {
            found_ = match(p, data_, facts, store);
        } else {
            found_.counts = p.base.counts;
        }
    }
    composed run(const std::string& presence);

  private:
    std::string& text() { return made_.answer.text(); }
    void write_head();
    void write_lists();
    void write_rooms();
    void write_extensions(const std::string& presence);
    void write_to_device();
    void write_account_data();
    void write_account_data_of_rooms();
    void write_receipts();
    void write_typing();

    const plan& plan_;
    ports::store_reader& store_;
    user_data data_;
    matching found_;
    std::vector<known_room> known_;
    composed made_;
};

void append_key(std::string& out, item_separator& before, std::string_view key) {
    before.next();
    matrix::append_json_string(out, key);
    out += ':';
}

void composer::write_head() {
    text().append(R"({"pos":")").append(to_string(made_.after.pos)).append("\"");
    if (!plan_.asked->txn_id.empty()) {
        text().append(R"(,"txn_id":)");
        matrix::append_json_string(text(), plan_.asked->txn_id);
    }
}

void composer::write_lists() {
    text().append(R"(,"lists":{)");
    item_separator separator{text()};
    const auto& lists = plan_.asked->wanted->lists;
    for (std::size_t l = 0; l < lists.size(); ++l) {
        append_key(text(), separator, lists[l].name);
        text().append(R"({"count":)").append(std::to_string(found_.counts[l])).append("}");
    }
    text() += '}';
    made_.empty = made_.empty && found_.counts == plan_.base.counts;
}

void composer::write_rooms() {
    text().append(R"(,"rooms":{)");
    item_separator separator{text()};
    result_writer writer{text(), plan_, data_, store_};
    std::size_t written = 0;
    for (const matched_room& m : found_.rooms) {
        known_room k{&m, m.sent == nullptr ? sent_room{} : *m.sent};
        if (written == limits::sliding_rooms_per_response_max) {
            if (!made_.after.more) {
                rooms_limit_reached.add();
            }
            made_.after.more = true;
            if (m.sent == nullptr) {
                continue;
            }
        } else if (writer.write(m, separator, k.known)) {
            k.changed = true;
            ++written;
        } else if (m.sent == nullptr) {
            continue;  // nothing of it can be shown
        } else {
            k.changed = k.known.config != m.sent->config;
        }
        known_.push_back(std::move(k));
    }
    text() += '}';
    made_.empty = made_.empty && written == 0;
}

void composer::write_to_device() {
    sync_plan sp;
    sp.device = plan_.who.device;
    sp.messages_after = plan_.messages_after;
    engine::token next = plan_.next;
    const auto rows = read_messages(sp, store_, plan_.asked->to_device_limit, next);
    text().append(R"({"next_batch":")").append(std::to_string(next.messages_told()));
    text().append(R"(","events":[)");
    item_separator separator{text()};
    for (const auto& row : rows) {
        separator.next();
        append_message(text(), row);
    }
    text().append("]}");
    made_.empty = made_.empty && rows.empty();
}

void composer::write_account_data() {
    text().append(R"({"global":[)");
    item_separator separator{text()};
    if (plan_.account_data_position > plan_.base.account_data) {
        for (const auto& row : data_.rows()) {
            if (!row.room.valid() && row.position > plan_.base.account_data) {
                separator.next();
                append_account_data(text(), row);
            }
        }
    }
    made_.empty = made_.empty && separator.empty();
    made_.after.account_data = plan_.next.durable;
    text().append(R"(],"rooms":{)");
    write_account_data_of_rooms();
    text().append("}}");
}

void composer::write_account_data_of_rooms() {
    item_separator rooms{text()};
    std::map<base::room_key, std::vector<const ports::account_data_row*>> by_room;
    const bool any = std::ranges::any_of(known_, [this](const known_room& k) {
        return plan_.account_data_position > k.known.account_data;
    });
    if (any) {
        for (const auto& row : data_.rows()) {
            by_room[row.room].push_back(&row);
        }
    }
    for (known_room& k : known_) {
        if (plan_.account_data_position <= k.known.account_data ||
            !in_scope(plan_.asked->account_data, *k.matched, *plan_.asked->wanted)) {
            continue;
        }
        auto rows = by_room[k.matched->room->membership.room];
        std::erase_if(rows, [&k](const auto* r) { return r->position <= k.known.account_data; });
        k.known.account_data = plan_.next.durable;
        k.changed = true;
        if (rows.empty()) {
            continue;
        }
        append_key(text(), rooms, k.matched->room->room_id);
        text() += '[';
        item_separator separator{text()};
        for (const auto* row : rows) {
            separator.next();
            append_account_data(text(), *row);
        }
        text() += ']';
    }
    made_.empty = made_.empty && rooms.empty();
}

void composer::write_receipts() {
    text().append(R"({"rooms":{)");
    item_separator rooms{text()};
    for (known_room& k : known_) {
        const planned_room& r = *k.matched->room;
        if (!k.is_joined() || r.receipts <= k.known.receipts ||
            !in_scope(plan_.asked->receipts, *k.matched, *plan_.asked->wanted)) {
            continue;
        }
        auto rows = read_receipts(store_, r.membership.room, k.known.receipts, plan_.next.durable,
                                  plan_.who.user);
        k.known.receipts = plan_.next.durable;
        k.changed = true;
        if (!rows.empty()) {
            append_key(text(), rooms, r.room_id);
            made_.answer.receipts(std::move(rows), {});
        }
    }
    text().append("}}");
    made_.empty = made_.empty && rooms.empty();
}

void composer::write_typing() {
    text().append(R"({"rooms":{)");
    item_separator rooms{text()};
    for (known_room& k : known_) {
        const planned_room& r = *k.matched->room;
        const bool was_told = k.known.typing != 0;
        if (!k.is_joined() || r.typing.position <= k.known.typing ||
            (r.typing.user_ids.empty() && !was_told) ||
            !in_scope(plan_.asked->typing, *k.matched, *plan_.asked->wanted)) {
            continue;
        }
        k.known.typing = r.typing.position;
        k.changed = true;
        append_key(text(), rooms, r.room_id);
        append_typing(text(), r.typing.user_ids, {});
    }
    text().append("}}");
    made_.empty = made_.empty && rooms.empty();
}

void composer::write_extensions(const std::string& presence) {
    const request& asked = *plan_.asked;
    text().append(R"(,"extensions":{)");
    item_separator separator{text()};
    if (asked.to_device.enabled) {
        append_key(text(), separator, "to_device");
        write_to_device();
    }
    if (asked.e2ee.enabled) {
        append_key(text(), separator, "e2ee");
        text() += '{';
        append_key_news(text(), plan_.keys);
        text() += '}';
        made_.empty = made_.empty && plan_.keys.empty();
    }
    if (asked.account_data.enabled) {
        append_key(text(), separator, "account_data");
        write_account_data();
    }
    if (asked.receipts.enabled) {
        append_key(text(), separator, "receipts");
        write_receipts();
    }
    if (asked.typing.enabled) {
        append_key(text(), separator, "typing");
        write_typing();
    }
    if (asked.presence.enabled) {
        append_key(text(), separator, "io.porchlight.presence");
        text().append(R"({"events":[)").append(presence).append("]}");
        made_.empty = made_.empty && presence.empty();
    }
    text() += '}';
}

composed composer::run(const std::string& presence) {
    made_.after.pos = {plan_.next, plan_.serial};
    made_.after.presence_told = plan_.asked->presence.enabled;
    made_.after.wanted = plan_.asked->wanted;
    made_.after.counts = found_.counts;
    made_.after.extensions = plan_.asked->extensions();
    write_head();
    write_lists();
    write_rooms();
    write_extensions(presence);
    text() += '}';
    for (known_room& k : known_) {
        if (k.changed) {
            made_.changes.emplace_back(k.matched->room->membership.room, std::move(k.known));
        }
    }
    return std::move(made_);
}

}  // namespace

composed compose(const plan& p, ports::store_reader& store, facts_cache& facts,
                 const std::string& presence) {
    return composer{p, store, facts}.run(presence);
}

std::string nothing_new(const request& asked) {
    std::string out = R"({"pos":")";
    out.append(asked.pos ? to_string(*asked.pos) : std::string{});
    out.append(R"(","lists":{},"rooms":{},"extensions":{}})");
    return out;
}

}  // namespace porchlight::client_api::sliding
