#include "client_api/sync/unread.h"

#include <algorithm>

#include "base/limits.h"
#include "base/metrics.h"
#include "client_api/push/evaluate.h"
#include "client_api/push/push.h"
#include "client_api/rooms/event_format.h"
#include "homeserver/read_marks.h"
#include "homeserver/rooms/power_levels.h"

namespace porchlight::client_api {
namespace {

namespace limits = base::limits;

constexpr std::size_t rows_per_read = 100;

base::metrics::counter scan_limit_reached{"porchlight_limits_reached_total",
                                          "How often a limit was reached, by limit.",
                                          "limit=\"unread_scan\""};
base::metrics::counter kept_limit_reached{"porchlight_limits_reached_total",
                                          "How often a limit was reached, by limit.",
                                          "limit=\"unread_counts_kept\""};

// One user's rules over one room; what they need of its state is read once, if at all.
class judge {
  public:
    judge(ports::store_reader& store, const sync_plan& plan, const room_plan& r)
        : store_(store), plan_(plan), room_(r), rules_(push_rules_of(plan.user_id)) {
        context_.displayname = [this] { return displayname(); };
        context_.member_count = [this] { return room_.joined_members; };
        context_.may_notify = [this](std::string_view sender, std::string_view key) {
            return key == "room" && levels().of(sender) >= levels().room_notification();
        };
    }

    void add(unread_counts& counts, const ports::event_row& row) {
        if (row.sender == plan_.user_id) {
            return;
        }
        const auto event = matrix::parse_json(row.json);
        if (!event || !event->is_object()) {
            throw ports::store_error("event " + row.event_id + " is stored with damaged JSON");
        }
        const push_outcome made = evaluate_push(rules_, event->get_object(), context_);
        counts.notifications += made.notifies ? 1 : 0;
        counts.highlights += made.notifies && made.highlights ? 1 : 0;
    }

  private:
    std::optional<ports::event_row> state(std::string_view type, std::string_view key) {
        return store_.state_event_at(room_.membership.room, type, key, plan_.next.durable);
    }
    const std::string& displayname() {
        if (!displayname_) {
            displayname_.emplace();
            if (const auto row = state("m.room.member", plan_.user_id)) {
                const json::object content = event_content(*row);
                const auto* name = content.if_contains("displayname");
                if (name != nullptr && name->is_string()) {
                    *displayname_ = name->get_string();
                }
            }
        }
        return *displayname_;
    }
    const homeserver::power_levels& levels() {
        if (!levels_) {
            levels_.emplace();
            if (const auto row = state("m.room.power_levels", "")) {
                // What is in the room's state was accepted, spelled levels of old versions too.
                auto parsed = homeserver::power_levels::parse(event_content(*row),
                                                              *matrix::room_version::parse("1"));
                if (parsed) {
                    *levels_ = std::move(*parsed);
                }
            }
        }
        return *levels_;
    }

    ports::store_reader& store_;
    const sync_plan& plan_;
    const room_plan& room_;
    json::object rules_;
    push_context context_;
    std::optional<std::string> displayname_;
    std::optional<homeserver::power_levels> levels_;
};

}  // namespace

std::optional<unread_cache::entry> unread_cache::find(base::user_key user,
                                                      base::room_key room) const {
    const std::lock_guard lock(guard_);
    const auto found = entries_.find(key(user, room));
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void unread_cache::keep(base::user_key user, base::room_key room, const entry& e) {
    const std::lock_guard lock(guard_);
    if (entries_.size() >= limits::unread_counts_kept_max) {
        kept_limit_reached.add();
        entries_.clear();
    }
    entries_.insert_or_assign(key(user, room), e);
}

unread_counts count_unread(ports::store_reader& store, const sync_plan& plan, const room_plan& r) {
    const base::room_key room = r.membership.room;
    unread_cache::entry made;
    made.from = std::max(r.membership.position,
                         homeserver::load_read_marks(store, plan.user, room).newest());
    made.up_to = std::max(made.from, plan.next.durable);
    std::uint64_t after = made.from;
    if (plan.unread != nullptr) {
        const auto before = plan.unread->find(plan.user, room);
        if (before && before->from == made.from && before->up_to <= made.up_to) {
            made.counts = before->counts;
            after = before->up_to;
        }
    }
    ports::event_query page{room, after, made.up_to, true, rows_per_read, false};
    std::optional<judge> rules;  // made for the first event of somebody else
    for (std::size_t scanned = 0; page.after < page.up_to;) {
        if (scanned >= limits::unread_scan_max) {
            scan_limit_reached.add();
            break;
        }
        const auto rows = store.events(page);
        scanned += rows.size();
        for (const ports::event_row& row : rows) {
            if (row.sender != plan.user_id) {
                if (!rules) {
                    rules.emplace(store, plan, r);
                }
                rules->add(made.counts, row);
            }
        }
        if (rows.size() < page.limit) {
            break;
        }
        page.up_to = rows.back().position - 1;
    }
    if (plan.unread != nullptr) {
        plan.unread->keep(plan.user, room, made);
    }
    return made.counts;
}

}  // namespace porchlight::client_api
