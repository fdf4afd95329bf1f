#include "storage/memory_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <tuple>

#include "base/limits.h"

namespace porchlight::storage {

using namespace ports;
using base::unique_function;

namespace {

template <class Row>
using by_user = std::map<user_key, Row>;
template <class Row>
using by_pair = std::map<std::pair<user_key, user_key>, Row>;
struct nothing {};

}  // namespace

struct memory_store::tables {
    std::recursive_mutex mutex;  // recursive: a callback may read again
    bool refusing = false;

    by_user<account_row> accounts;
    std::map<std::string, user_key, std::less<>> account_by_id;
    by_user<profile_row> profiles;
    std::map<device_key, device_row> devices;
    std::map<std::string, device_key, std::less<>> device_by_token;
    std::map<std::pair<user_key, std::uint32_t>, filter_row> filters;
    std::map<std::tuple<user_key, room_key, std::string>, account_data_row> account_data;
    std::map<room_key, room_row> rooms;
    std::map<std::string, room_key, std::less<>> room_by_id;
    std::map<std::uint64_t, event_row> events;  // by position
    std::map<std::string, std::uint64_t, std::less<>> event_by_id;
    std::map<std::pair<room_key, std::uint64_t>, nothing> event_by_room;
    std::map<std::pair<room_key, user_key>, membership_row> memberships;
    std::map<std::string, alias_row, std::less<>> aliases;
    std::map<std::tuple<room_key, user_key, std::string>, receipt_row> receipts;
    std::map<std::tuple<device_key, std::string, std::string>, transaction_row> transactions;
    std::map<std::tuple<wall_time, device_key, std::string, std::string>, nothing>
        transaction_by_age;
    by_user<status_row> statuses;
    by_user<presence_row> presences;
    by_pair<loss_row> losses;
    by_user<name_row> names;
    std::map<std::string, user_key, std::less<>> name_by_id;
    by_pair<list_entry_row> list_entries;  // by observer, subject
    by_pair<consent_row> consents;         // by subject, observer
    by_pair<block_row> blocks;             // by subject, observer
    by_user<policy_row> policies;
    std::map<std::pair<device_key, std::uint64_t>, to_device_row> to_device;
    std::map<std::tuple<std::string, std::string, bool>, list_message_row> list_messages;
    std::map<std::tuple<std::string, user_key, std::string>, document_row> documents;
    std::map<std::string, media_row, std::less<>> media;
    std::map<std::string, std::string, std::less<>> meta;

    std::vector<std::function<void()>> undo;  // of the running commit, newest last

    // Every change of a table goes through these two, which is what makes it undoable.
    template <class Map>
    void put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
        const auto found = map.find(key);
        if (found == map.end()) {
            map.emplace(key, std::move(value));
            undo.emplace_back([&map, key] { map.erase(key); });
        } else {
            undo.emplace_back([&map, key, old = std::move(found->second)] { map[key] = old; });
            found->second = std::move(value);
        }
    }
    template <class Map>
    void remove(Map& map, const typename Map::key_type& key) {
        const auto found = map.find(key);
        if (found != map.end()) {
            undo.emplace_back(
                [&map, key, old = std::move(found->second)] { map.emplace(key, old); });
            map.erase(found);
        }
    }
    // Makes `name` mean `key` in a unique index, instead of `old_name` (null: a new row).
    template <class Index, class Key>
    void index(Index& by_name, const std::string* old_name, const std::string& name, Key key,
               std::string_view what) {
        const auto found = by_name.find(name);
        if (found != by_name.end() && found->second != key) {
            throw store_error(fmt::format("two rows may not share the same {}", what));
        }
        if (old_name != nullptr && *old_name != name) {
            remove(by_name, std::string{*old_name});
        }
        put(by_name, name, key);
    }

    void apply(const account_row& r) {
        const auto old = accounts.find(r.user);
        index(account_by_id, old == accounts.end() ? nullptr : &old->second.user_id, r.user_id,
              r.user, "user id");
        put(accounts, r.user, r);
    }
    void apply(const profile_row& r) { put(profiles, r.user, r); }
    void apply(const device_row& r) {
        const auto old = devices.find(r.device);
        index(device_by_token, old == devices.end() ? nullptr : &old->second.token_hash,
              r.token_hash, r.device, "token");
        put(devices, r.device, r);
    }
    void apply(const device_removal& r) {
        const auto old = devices.find(r.device);
        if (old != devices.end()) {
            remove(device_by_token, std::string{old->second.token_hash});
            remove(devices, r.device);
        }
        for (auto it = transactions.lower_bound({r.device, "", ""});
             it != transactions.end() && std::get<0>(it->first) == r.device;) {
            const auto key = (it++)->first;
            forget_transaction(key);
        }
        apply(to_device_removal{r.device, ~std::uint64_t{0}});
    }
    void apply(const filter_row& r) { put(filters, {r.user, r.filter}, r); }
    void apply(const account_data_row& r) { put(account_data, {r.user, r.room, r.type}, r); }
    void apply(const room_row& r) {
        const auto old = rooms.find(r.room);
        index(room_by_id, old == rooms.end() ? nullptr : &old->second.room_id, r.room_id, r.room,
              "room id");
        put(rooms, r.room, r);
    }
    void apply(const event_row& r) {
        if (events.contains(r.position) || event_by_id.contains(r.event_id)) {
            throw store_error("an event is written only once");
        }
        put(events, r.position, r);
        put(event_by_id, r.event_id, r.position);
        put(event_by_room, {r.room, r.position}, {});
    }
    void apply(const membership_row& r) { put(memberships, {r.room, r.user}, r); }
    void apply(const alias_row& r) { put(aliases, r.alias, r); }
    void apply(const alias_removal& r) { remove(aliases, r.alias); }
    void apply(const receipt_row& r) { put(receipts, {r.room, r.user, r.type}, r); }
    void apply(const transaction_row& r) {
        forget_transaction({r.device, r.kind, r.txn_id});
        put(transactions, {r.device, r.kind, r.txn_id}, r);
        put(transaction_by_age, {r.ts, r.device, r.kind, r.txn_id}, {});
        const wall_time oldest = r.ts - base::limits::transaction_age_max;
        while (std::get<0>(transaction_by_age.begin()->first) < oldest) {
            const auto [ts, device, kind, txn_id] = transaction_by_age.begin()->first;
            forget_transaction({device, kind, txn_id});
        }
    }
    void forget_transaction(const std::tuple<device_key, std::string, std::string>& key) {
        const auto found = transactions.find(key);
        if (found != transactions.end()) {
            const auto& [device, kind, txn_id] = key;
            remove(transaction_by_age, {found->second.ts, device, kind, txn_id});
            remove(transactions, key);
        }
    }
    void apply(const status_row& r) { put(statuses, r.user, r); }
    void apply(const presence_row& r) { put(presences, r.user, r); }
    void apply(const loss_row& r) { put(losses, {r.observer, r.subject}, r); }
    void apply(const loss_removal& r) { remove(losses, {r.observer, r.subject}); }
    void apply(const name_row& r) {
        const auto old = names.find(r.user);
        index(name_by_id, old == names.end() ? nullptr : &old->second.user_id, r.user_id, r.user,
              "name");
        put(names, r.user, r);
    }
    void apply(const name_removal& r) {
        const auto old = names.find(r.user);
        if (old != names.end()) {
            remove(name_by_id, std::string{old->second.user_id});
            remove(names, r.user);
        }
        if (!accounts.contains(r.user)) {
            remove(presences, r.user);
            remove(statuses, r.user);
            remove(profiles, r.user);
        }
    }
    void apply(const list_entry_row& r) { put(list_entries, {r.observer, r.subject}, r); }
    void apply(const list_entry_removal& r) { remove(list_entries, {r.observer, r.subject}); }
    void apply(const consent_row& r) { put(consents, {r.subject, r.observer}, r); }
    void apply(const consent_removal& r) { remove(consents, {r.subject, r.observer}); }
    void apply(const block_row& r) { put(blocks, {r.subject, r.observer}, r); }
    void apply(const block_removal& r) { remove(blocks, {r.subject, r.observer}); }
    void apply(const policy_row& r) { put(policies, r.user, r); }
    void apply(const list_message_row& r) {
        put(list_messages, {r.observer, r.subject, r.from_observer}, r);
    }
    void apply(const list_message_removal& r) {
        const auto found = list_messages.find({r.observer, r.subject, r.from_observer});
        if (found != list_messages.end() && found->second.position == r.position) {
            remove(list_messages, found->first);
        }
    }
    void apply(const to_device_row& r) { put(to_device, {r.device, r.position}, r); }
    void apply(const to_device_removal& r) {
        for (auto it = to_device.lower_bound({r.device, 0});
             it != to_device.end() && it->first.first == r.device && it->first.second <= r.up_to;) {
            const auto key = (it++)->first;
            remove(to_device, key);
        }
    }
    void apply(const document_row& r) { put(documents, {r.kind, r.user, r.key}, r); }
    void apply(const document_removal& r) {
        if (!r.below) {
            remove(documents, {r.kind, r.user, r.key});
            return;
        }
        std::vector<std::string> keys;
        each_document({r.user, r.kind, r.key}, [&](const document_row& d) {
            keys.push_back(d.key);
            return true;
        });
        for (const std::string& key : keys) {
            remove(documents, {r.kind, r.user, key});
        }
    }
    void apply(const media_row& r) { put(media, r.media_id, r); }
    void apply(const media_removal& r) { remove(media, r.media_id); }
    void apply(const meta_row& r) { put(meta, r.name, r.value); }
    void apply(const redaction& r) {
        const auto found = events.find(r.position);
        if (found != events.end()) {
            event_row redacted = found->second;
            redacted.json = r.json;
            put(events, r.position, std::move(redacted));
        }
    }

    // The events of one room in (after, up_to], oldest first.
    template <class Each>
    void each_event(room_key room, std::uint64_t after, std::uint64_t up_to, Each&& each) {
        for (auto it = event_by_room.upper_bound({room, after});
             it != event_by_room.end() && it->first.first == room && it->first.second <= up_to;
             ++it) {
            each(events.at(it->first.second));
        }
    }
    // Those of the query by key, whatever its limit, until `each` answers false.
    template <class Each>
    void each_document(const document_query& q, Each&& each) {
        const std::string kind{q.kind};
        for (auto it = documents.lower_bound({kind, q.user, std::string{q.prefix}});
             it != documents.end() && it->second.kind == kind && it->second.user == q.user &&
             it->second.key.starts_with(q.prefix);
             ++it) {
            if (it->second.key > q.after && !each(it->second)) {
                return;
            }
        }
    }
    template <class Map, class Row>
    void each_row(const Map& map, unique_function<void(Row&&)>& each) {
        const std::scoped_lock lock{mutex};
        for (const auto& [key, row] : map) {
            each(Row{row});
        }
    }
};

memory_store::memory_store() : tables_(std::make_unique<tables>()) {}
memory_store::~memory_store() = default;

void memory_store::commit(std::span<const write_set> sets, bool) {
    const std::scoped_lock lock{tables_->mutex};
    if (tables_->refusing) {
        throw store_error("the memory store was told to refuse commits");
    }
    tables_->undo.clear();
    try {
        for (const write_set& set : sets) {
            for (const write& w : set) {
                std::visit([&](const auto& row) { tables_->apply(row); }, w);
            }
        }
    } catch (...) {
        for (; !tables_->undo.empty(); tables_->undo.pop_back()) {
            tables_->undo.back()();
        }
        throw;
    }
    tables_->undo.clear();
}

void memory_store::refuse_commits(bool refuse) {
    const std::scoped_lock lock{tables_->mutex};
    tables_->refusing = refuse;
}

void memory_store::accounts(unique_function<void(account_row&&)> each) {
    tables_->each_row(tables_->accounts, each);
}
void memory_store::account_names(unique_function<void(const account_name&)> each) {
    accounts([&each](account_row&& r) { each({r.user, r.user_id, r.created, r.deactivated}); });
}
std::uint32_t memory_store::user_bound() {
    const std::scoped_lock lock{tables_->mutex};
    return tables_->accounts.empty() ? 0 : tables_->accounts.rbegin()->first.value + 1;
}
std::optional<account_row> memory_store::account(user_key user) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->accounts.find(user);
    return found == tables_->accounts.end() ? std::nullopt : std::optional{found->second};
}

void memory_store::profiles(unique_function<void(profile_row&&)> each) {
    tables_->each_row(tables_->profiles, each);
}
void memory_store::devices(unique_function<void(device_row&&)> each) {
    tables_->each_row(tables_->devices, each);
}
void memory_store::rooms(unique_function<void(room_row&&)> each) {
    tables_->each_row(tables_->rooms, each);
}
void memory_store::memberships(unique_function<void(membership_row&&)> each) {
    tables_->each_row(tables_->memberships, each);
}
void memory_store::aliases(unique_function<void(alias_row&&)> each) {
    tables_->each_row(tables_->aliases, each);
}
void memory_store::statuses(unique_function<void(status_row&&)> each) {
    tables_->each_row(tables_->statuses, each);
}
void memory_store::presences(unique_function<void(presence_row&&)> each) {
    tables_->each_row(tables_->presences, each);
}

void memory_store::losses(unique_function<void(loss_row&&)> each) {
    const std::scoped_lock lock{tables_->mutex};
    std::multimap<std::uint64_t, const loss_row*> by_position;
    for (const auto& [pair, row] : tables_->losses) {
        by_position.emplace(row.position, &row);
    }
    for (const auto& [position, row] : by_position) {
        each(loss_row{*row});
    }
}

void memory_store::names(unique_function<void(name_row&&)> each) {
    tables_->each_row(tables_->names, each);
}
void memory_store::list_messages(unique_function<void(list_message_row&&)> each) {
    const std::scoped_lock lock{tables_->mutex};
    std::multimap<std::uint64_t, const list_message_row*> by_position;
    for (const auto& [key, row] : tables_->list_messages) {
        by_position.emplace(row.position, &row);
    }
    for (const auto& [position, row] : by_position) {
        each(list_message_row{*row});
    }
}
void memory_store::list_entries(unique_function<void(list_entry_row&&)> each) {
    tables_->each_row(tables_->list_entries, each);
}
void memory_store::consents(unique_function<void(consent_row&&)> each) {
    tables_->each_row(tables_->consents, each);
}
void memory_store::blocks(unique_function<void(block_row&&)> each) {
    tables_->each_row(tables_->blocks, each);
}
void memory_store::policies(unique_function<void(policy_row&&)> each) {
    tables_->each_row(tables_->policies, each);
}
void memory_store::to_device_positions(unique_function<void(device_key, std::uint64_t)> each) {
    const std::scoped_lock lock{tables_->mutex};
    for (const auto& [key, row] : tables_->to_device) {
        each(row.device, row.position);
    }
}

std::optional<std::string> memory_store::meta(std::string_view name) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->meta.find(name);
    return found == tables_->meta.end() ? std::nullopt : std::optional{found->second};
}

std::uint64_t memory_store::last_position() {
    const std::scoped_lock lock{tables_->mutex};
    std::uint64_t last = tables_->events.empty() ? 0 : tables_->events.rbegin()->first;
    const auto look = [&last](const auto& map) {
        for (const auto& [key, row] : map) {
            last = std::max(last, row.position);
        }
    };
    look(tables_->account_data);
    look(tables_->memberships);
    look(tables_->receipts);
    look(tables_->to_device);
    look(tables_->documents);
    look(tables_->list_messages);
    return last;
}

std::vector<event_row> memory_store::events(const event_query& q) {
    const std::scoped_lock lock{tables_->mutex};
    std::vector<event_row> found;
    tables_->each_event(q.room, q.after, q.up_to, [&](const event_row& e) {
        if (!q.state_only || e.state_key) {
            found.push_back(e);
        }
    });
    if (q.newest_first) {
        std::ranges::reverse(found);
    }
    found.resize(std::min(found.size(), q.limit));
    return found;
}

std::optional<event_row> memory_store::event(std::string_view event_id) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->event_by_id.find(event_id);
    return found == tables_->event_by_id.end() ? std::nullopt
                                               : std::optional{tables_->events.at(found->second)};
}

std::vector<event_row> memory_store::state_at(room_key room, std::uint64_t at, bool members) {
    const std::scoped_lock lock{tables_->mutex};
    std::map<std::pair<std::string, std::string>, std::uint64_t> newest;
    tables_->each_event(room, 0, at, [&](const event_row& e) {
        if (e.state_key && (members || e.type != "m.room.member")) {
            newest[{e.type, *e.state_key}] = e.position;
        }
    });
    std::map<std::uint64_t, nothing> positions;
    for (const auto& [key, position] : newest) {
        positions.emplace(position, nothing{});
    }
    std::vector<event_row> state;
    state.reserve(positions.size());
    for (const auto& [position, unused] : positions) {
        state.push_back(tables_->events.at(position));
    }
    return state;
}

std::optional<event_row> memory_store::state_event_at(room_key room, std::string_view type,
                                                      std::string_view state_key,
                                                      std::uint64_t at) {
    const std::scoped_lock lock{tables_->mutex};
    const event_row* newest = nullptr;
    tables_->each_event(room, 0, at, [&](const event_row& e) {
        if (e.type == type && e.state_key == state_key) {
            newest = &e;
        }
    });
    return newest == nullptr ? std::nullopt : std::optional{*newest};
}

std::vector<account_data_row> memory_store::account_data(user_key user, std::uint64_t after) {
    const std::scoped_lock lock{tables_->mutex};
    std::multimap<std::uint64_t, account_data_row> found;
    for (auto it = tables_->account_data.lower_bound({user, room_key{0}, ""});
         it != tables_->account_data.end() && it->second.user == user; ++it) {
        if (it->second.position > after) {
            found.emplace(it->second.position, it->second);
        }
    }
    std::vector<account_data_row> rows;
    for (auto& [position, row] : found) {
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<receipt_row> memory_store::receipts(room_key room, std::uint64_t after) {
    const std::scoped_lock lock{tables_->mutex};
    std::multimap<std::uint64_t, receipt_row> found;
    for (auto it = tables_->receipts.lower_bound({room, user_key{0}, ""});
         it != tables_->receipts.end() && it->second.room == room; ++it) {
        if (it->second.position > after) {
            found.emplace(it->second.position, it->second);
        }
    }
    std::vector<receipt_row> rows;
    for (auto& [position, row] : found) {
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<to_device_row> memory_store::to_device(device_key device, std::uint64_t after,
                                                   std::uint64_t up_to, std::size_t limit) {
    const std::scoped_lock lock{tables_->mutex};
    std::vector<to_device_row> rows;
    for (auto it = tables_->to_device.upper_bound({device, after});
         it != tables_->to_device.end() && rows.size() < limit && it->first.first == device &&
         it->first.second <= up_to;
         ++it) {
        rows.push_back(it->second);
    }
    return rows;
}

std::optional<document_row> memory_store::document(user_key user, std::string_view kind,
                                                   std::string_view key) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->documents.find({std::string{kind}, user, std::string{key}});
    return found == tables_->documents.end() ? std::nullopt : std::optional{found->second};
}

std::vector<document_row> memory_store::documents(const document_query& q) {
    const std::scoped_lock lock{tables_->mutex};
    std::vector<document_row> rows;
    tables_->each_document(q, [&](const document_row& d) {
        if (rows.size() == q.limit) {
            return false;
        }
        rows.push_back(d);
        return true;
    });
    return rows;
}

std::uint64_t memory_store::document_count(user_key user, std::string_view kind,
                                           std::string_view prefix) {
    const std::scoped_lock lock{tables_->mutex};
    std::uint64_t count = 0;
    tables_->each_document({user, kind, prefix}, [&](const document_row&) {
        ++count;
        return true;
    });
    return count;
}

void memory_store::documents_of_kind(std::string_view kind,
                                     unique_function<void(document_row&&)> each) {
    const std::scoped_lock lock{tables_->mutex};
    for (auto it = tables_->documents.lower_bound({std::string{kind}, user_key{0}, ""});
         it != tables_->documents.end() && it->second.kind == kind; ++it) {
        each(document_row{it->second});
    }
}

std::optional<media_row> memory_store::media(std::string_view media_id) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->media.find(media_id);
    return found == tables_->media.end() ? std::nullopt : std::optional{found->second};
}

media_use memory_store::media_used(user_key user) {
    const std::scoped_lock lock{tables_->mutex};
    media_use used;
    for (const auto& [id, row] : tables_->media) {
        if (row.user == user) {
            ++used.count;
            used.bytes += row.bytes;
        }
    }
    return used;
}

std::optional<std::string> memory_store::filter(user_key user, std::uint32_t filter) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->filters.find({user, filter});
    return found == tables_->filters.end() ? std::nullopt : std::optional{found->second.json};
}

std::uint32_t memory_store::filter_count(user_key user) {
    const std::scoped_lock lock{tables_->mutex};
    const auto first = tables_->filters.lower_bound({user, 0});
    auto last = first;
    while (last != tables_->filters.end() && last->first.first == user) {
        ++last;
    }
    return static_cast<std::uint32_t>(std::distance(first, last));
}

std::optional<std::string> memory_store::transaction(device_key device, std::string_view kind,
                                                     std::string_view txn_id) {
    const std::scoped_lock lock{tables_->mutex};
    const auto found = tables_->transactions.find({device, std::string{kind}, std::string{txn_id}});
    return found == tables_->transactions.end() ? std::nullopt
                                                : std::optional{found->second.result};
}

}  // namespace porchlight::storage
