#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "client_api/sync/timeline.h"
#include "homeserver/rooms.h"

namespace porchlight::client_api {
namespace {

constexpr std::size_t context_default = 10;

failure no_such_event() {
    return fail(errc::not_found, "No such event, or not one you may see");
}

// The event, if it is one of the room and the user may see it.
std::optional<ports::event_row> visible_row(const room_view& v, const std::string& event_id,
                                            ports::store_reader& store) {
    auto row = store.event(event_id);
    if (!row || row->room != v.room || row->position > v.applied) {
        return std::nullopt;
    }
    homeserver::history_reader history(store, v.user_id, v.membership);
    return history.may_see(*row) ? std::move(row) : std::nullopt;
}

json::array format_all(const std::vector<ports::event_row>& rows, const room_view& v,
                       ports::store_reader& store) {
    json::array events;
    for (const auto& row : rows) {
        events.emplace_back(format_event(row, v.reader, &store));
    }
    return events;
}

// The state around events: all that passes, or with lazy loading of the members those who sent
// them.
json::array state_around(const room_view& v, const std::vector<ports::event_row>& events,
                         std::uint64_t at, const event_filter& filter, ports::store_reader& store) {
    json::array state;
    const auto readable = state_position(v, store);
    if (!readable) {
        return state;
    }
    if (filter.lazy_load_members) {
        state = senders_state(v, events, store);
    }
    for (const auto& row :
         store.state_at(v.room, std::min(at, *readable), !filter.lazy_load_members)) {
        if (passes(filter, row)) {
            state.emplace_back(format_event(row, v.reader));
        }
    }
    return state;
}

json::value context_of(const room_view& v, const ports::event_row& row, std::size_t limit,
                       const event_filter& filter, ports::store_reader& store) {
    homeserver::history_reader history(store, v.user_id, v.membership);
    ports::event_query before;
    before.room = v.room;
    before.up_to = row.position - 1;
    before.newest_first = true;
    before.limit = limit / 2;
    ports::event_query after;
    after.room = v.room;
    after.after = row.position;
    after.up_to = v.applied;
    after.limit = limit - limit / 2;
    const auto older = before.limit == 0 ? std::vector<ports::event_row>() : store.events(before);
    const auto newer = after.limit == 0 ? std::vector<ports::event_row>() : store.events(after);
    const auto token = [&v](std::uint64_t durable) {
        return engine::to_string(engine::token{durable, v.presence, 0});
    };
    const std::uint64_t first = older.empty() ? row.position : older.back().position;
    const std::uint64_t last = newer.empty() ? row.position : newer.back().position;
    const auto shown = [&](std::vector<ports::event_row> rows) {
        rows = history.visible(std::move(rows));
        std::erase_if(rows, [&filter](const auto& event) { return !passes(filter, event); });
        return rows;
    };
    const auto seen_before = shown(older), seen_after = shown(newer);
    std::vector<ports::event_row> all{row};
    std::ranges::copy(seen_before, std::back_inserter(all));
    std::ranges::copy(seen_after, std::back_inserter(all));
    return json::object{
        {"start", token(first - 1)},
        {"end", token(last)},
        {"event", format_event(row, v.reader, &store)},
        {"events_before", format_all(seen_before, v, store)},
        {"events_after", format_all(seen_after, v, store)},
        {"state", state_around(v, all, last, filter, store)},
    };
}

}  // namespace

void room_event(call_ptr c) {
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    answer_from_store(c,
                      [v = *view, event_id = c->params.at(1)](
                          ports::store_reader& store) -> outcome<json::value> {
                          const auto row = visible_row(v, event_id, store);
                          if (!row) {
                              return no_such_event();
                          }
                          return format_event(*row, v.reader, &store);
                      });
}

void event_by_id(call_ptr c) {
    // The room is known only once the event is read: take the user's view of all of them along.
    std::vector<homeserver::membership_info> memberships = c->server.rooms.rooms_of(c->user().user);
    room_view v;
    v.user_id = c->server.accounts.user_id(c->user().user);
    v.applied = c->server.services.engine.current_token().durable;
    v.reader.device = c->user().device;
    v.reader.now = c->now().wall;
    v.reader.historic = true;
    answer_from_store(c,
                      [v = std::move(v), all = std::move(memberships), event_id = c->params.at(0)](
                          ports::store_reader& store) mutable -> outcome<json::value> {
                          const auto found = store.event(event_id);
                          if (!found) {
                              return no_such_event();
                          }
                          v.room = found->room;
                          v.membership.room = found->room;
                          const auto own = std::ranges::find(all, found->room,
                                                             &homeserver::membership_info::room);
                          if (own != all.end()) {
                              v.membership = *own;
                          }
                          const auto row = visible_row(v, event_id, store);
                          if (!row) {
                              return no_such_event();
                          }
                          return format_event(*row, v.reader, &store);
                      });
}

void event_context(call_ptr c) {
    const auto limit =
        count_parameter(*c, "limit", context_default, base::limits::messages_page_max);
    const auto filter = filter_parameter(*c);
    if (!limit || !filter) {
        c->refuse(!limit ? limit.error() : filter.error());
        return;
    }
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    answer_from_store(c,
                      [v = *view, event_id = c->params.at(1), limit = *limit,
                       filter = *filter](ports::store_reader& store) -> outcome<json::value> {
                          const auto row = visible_row(v, event_id, store);
                          if (!row) {
                              return no_such_event();
                          }
                          return context_of(v, *row, limit,
                                            filter ? filter->timeline : event_filter(), store);
                      });
}

}  // namespace porchlight::client_api
