#include <algorithm>

#include "base/limits.h"
#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "client_api/sync/timeline.h"
#include "homeserver/rooms.h"

namespace porchlight::client_api {
namespace {

namespace limits = base::limits;
constexpr std::size_t page_default = 10;
constexpr std::size_t rows_per_read = 200;

struct page_request {
    bool backwards = true;
    std::optional<engine::token> from, to;
    std::size_t limit = page_default;
    filter_ptr filter;  // its timeline part is meant
};

struct page {
    std::vector<ports::event_row> events;
    std::optional<std::uint64_t> next;  // D where the next page begins; none: that was all
};

outcome<page_request> parse_request(const call& c) {
    page_request r;
    const auto* direction = c.parameter("dir");
    if (direction != nullptr && *direction != "b" && *direction != "f") {
        return fail(errc::invalid_param, "dir: b (towards older events) or f");
    }
    r.backwards = direction == nullptr || *direction == "b";
    const auto from = token_parameter(c, "from");
    const auto to = token_parameter(c, "to");
    const auto filter = filter_parameter(c);
    if (!from || !to || !filter) {
        return !from ? from.error() : !to ? to.error() : filter.error();
    }
    r.from = *from;
    r.to = *to;
    r.filter = *filter;
    const auto wished = r.filter ? r.filter->timeline.limit.value_or(page_default) : page_default;
    const auto limit = count_parameter(c, "limit", wished, limits::messages_page_max);
    if (!limit) {
        return limit.error();
    }
    r.limit = *limit;
    return r;
}

// Reads until enough events pass, or the end, or limits::messages_scan_max rows were looked at.
page read_page(const room_view& v, const page_request& r, ports::store_reader& store) {
    page made;
    homeserver::history_reader history(store, v.user_id, v.membership);
    const std::uint64_t start = r.from ? r.from->durable : (r.backwards ? v.applied : 0);
    ports::event_query q;
    q.room = v.room;
    q.newest_first = r.backwards;
    q.up_to = r.backwards ? std::min(start, v.applied)
                          : std::min(r.to ? r.to->durable : v.applied, v.applied);
    q.after = r.backwards ? (r.to ? r.to->durable : 0) : start;
    made.next = start;
    std::size_t scanned = 0;
    while (made.events.size() < r.limit && scanned < limits::messages_scan_max) {
        q.limit = std::min(rows_per_read, r.filter ? rows_per_read : r.limit);
        auto rows = store.events(q);
        const bool last = rows.size() < q.limit;
        scanned += rows.size();
        if (rows.empty()) {
            made.next.reset();
            return made;
        }
        const std::uint64_t furthest = rows.back().position;
        for (auto& row : history.visible(std::move(rows))) {
            if (r.filter && !passes(r.filter->timeline, row)) {
                continue;
            }
            made.next = r.backwards ? row.position - 1 : row.position;
            made.events.push_back(std::move(row));
            if (made.events.size() == r.limit) {
                if (last && made.events.back().position == furthest) {
                    made.next.reset();
                }
                return made;
            }
        }
        made.next = r.backwards ? furthest - 1 : furthest;
        (r.backwards ? q.up_to : q.after) = *made.next;
        if (last) {
            made.next.reset();
            return made;
        }
    }
    return made;
}

}  // namespace

void send_event(call_ptr c) {
    const auto room = room_of(*c);
    if (!room) {
        return;
    }
    const std::string& type = c->params.at(1);
    c->server.rooms.send(c->user(), *room, type, c->object(),
                         "send/" + c->params.at(0) + "/" + type, c->params.at(2),
                         answer_event_id(c));
}

void post_event(call_ptr c) {
    if (const auto room = room_of(*c)) {
        c->server.rooms.send(c->user(), *room, c->params.at(1), c->object(), {}, {},
                             answer_event_id(c));
    }
}

void redact_event(call_ptr c) {
    const auto room = room_of(*c);
    if (!room) {
        return;
    }
    auto reason = matrix::optional_string(c->object(), "reason");
    if (!reason) {
        c->refuse(reason.error());
        return;
    }
    const std::string& event_id = c->params.at(1);
    const bool has_transaction = c->params.size() > 2;
    c->server.rooms.redact(
        c->user(), *room, event_id, reason->value_or(std::string()),
        has_transaction ? "redact/" + c->params[0] + "/" + event_id : std::string(),
        has_transaction ? c->params[2] : std::string(), answer_event_id(c));
}

void room_messages(call_ptr c) {
    const auto request = parse_request(*c);
    if (!request) {
        c->refuse(request.error());
        return;
    }
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    answer_from_store(
        c, [v = *view, r = *request](ports::store_reader& store) -> outcome<json::value> {
            const page p = read_page(v, r, store);
            if (p.events.empty()) {
                if (const auto ever_in = state_position(v, store); !ever_in) {
                    return ever_in.error();
                }
            }
            const auto token = [&v](std::uint64_t durable) {
                return engine::to_string(engine::token{durable, v.presence, 0});
            };
            json::array chunk;
            for (const auto& row : p.events) {
                chunk.emplace_back(format_event(row, v.reader, &store));
            }
            json::object answer;
            answer["start"] =
                r.from ? engine::to_string(*r.from) : token(r.backwards ? v.applied : 0);
            answer["chunk"] = std::move(chunk);
            if (p.next) {
                answer["end"] = token(*p.next);
            }
            if (r.filter && r.filter->timeline.lazy_load_members) {
                answer["state"] = senders_state(v, p.events, store);
            }
            return outcome<json::value>(std::move(answer));
        });
}

}  // namespace porchlight::client_api
