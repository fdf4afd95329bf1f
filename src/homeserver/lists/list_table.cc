#include "homeserver/lists/list_table.h"

#include <algorithm>

#include "base/assert.h"

namespace porchlight::homeserver {

namespace {

wall_time unpack(std::uint32_t low, std::uint16_t high) {
    return base::from_unix_ms(static_cast<std::int64_t>(std::uint64_t{high} << 32 | low));
}

std::uint64_t pack(wall_time t) {
    const auto ms = base::unix_ms(t);
    ASSERT(ms >= 0 && ms >> 48 == 0);
    return static_cast<std::uint64_t>(ms);
}

// Vectors here are many and small: they grow by an eighth, not to the double, and shrink.
template <class Vector>
void make_room(Vector& v) {
    if (v.size() == v.capacity()) {
        v.reserve(v.size() + v.size() / 8 + 1);
    }
}

template <class Vector>
void give_back_room(Vector& v) {
    if (v.capacity() > v.size() + v.size() / 2 + 8 || v.empty()) {
        v.shrink_to_fit();
    }
}

template <class Vector, class Key>
auto place_of(Vector& v, user_key k, Key key) {
    return std::ranges::lower_bound(v, k, {}, key);
}

template <class Vector, class Key>
auto find_in(Vector& v, user_key k, Key key) {
    const auto at = place_of(v, k, key);
    return at != v.end() && std::invoke(key, *at) == k ? at : v.end();
}

// Inserts, replaces or (none) removes the row of `k`. True: there was none before.
template <class Row, class Key>
bool put_row(std::vector<Row>& v, user_key k, Key key, const Row* row) {
    auto at = place_of(v, k, key);
    const bool there = at != v.end() && std::invoke(key, *at) == k;
    if (row == nullptr) {
        if (there) {
            v.erase(at);
            give_back_room(v);
        }
    } else if (there) {
        *at = *row;
    } else {
        const auto index = at - v.begin();
        make_room(v);
        v.insert(v.begin() + index, *row);
    }
    return !there;
}

}  // namespace

entry_half list_table::entry::half() const {
    return {state, unpack(invited_low, invited_high)};
}

consent_half list_table::consent::half() const {
    consent_half c{state, unpack(since_low, since_high), std::nullopt};
    if (noticed != 0) {
        c.noticed = base::from_unix_ms(std::int64_t{noticed} * 1000);
    }
    return c;
}

entry_half list_table::entry_of(list_pair p) const {
    const auto all = entries_of(p.observer);
    const auto at = find_in(all, p.subject, &entry::subject);
    return at == all.end() ? entry_half{} : at->half();
}

consent_half list_table::consent_of(list_pair p) const {
    const auto all = consents_of(p.subject);
    const auto at = find_in(all, p.observer, &consent::observer);
    return at == all.end() ? consent_half{} : at->half();
}

void list_table::set(list_pair p, const entry_half& e) {
    const auto ms = pack(e.invited);
    const entry row{p.subject, static_cast<std::uint32_t>(ms), static_cast<std::uint16_t>(ms >> 32),
                    e.state};
    const bool gone = e.state == presence::entry_state::none;
    const bool fresh =
        put_row(lists_[p.observer].entries, p.subject, &entry::subject, gone ? nullptr : &row);
    if (fresh != gone) {
        entry_count_ += gone ? -1 : 1;
    }
    drop_if_empty(p.observer);
}

void list_table::set(list_pair p, const consent_half& c) {
    const auto ms = pack(c.since);
    const auto noticed = c.noticed ? base::unix_ms(*c.noticed) / 1000 : 0;
    const consent row{p.observer, static_cast<std::uint32_t>(ms),
                      static_cast<std::uint16_t>(ms >> 32), c.state,
                      static_cast<std::uint32_t>(noticed)};
    put_row(lists_[p.subject].consents, p.observer, &consent::observer, c.there() ? &row : nullptr);
    drop_if_empty(p.subject);
}

std::span<const list_table::entry> list_table::entries_of(user_key observer) const {
    const auto found = lists_.find(observer);
    return found == lists_.end() ? std::span<const entry>{} : found->second.entries;
}

std::span<const list_table::consent> list_table::consents_of(user_key subject) const {
    const auto found = lists_.find(subject);
    return found == lists_.end() ? std::span<const consent>{} : found->second.consents;
}

void list_table::drop_if_empty(user_key u) {
    const auto found = lists_.find(u);
    if (found->second.entries.empty() && found->second.consents.empty()) {
        lists_.erase(found);
    }
}

bool list_table::blocks(list_pair p) const {
    return std::ranges::binary_search(blocked_by(p.subject), p.observer);
}

void list_table::set_block(list_pair p, bool blocked) {
    auto& all = blocks_[p.subject];
    put_row(all, p.observer, std::identity{}, blocked ? &p.observer : nullptr);
    if (all.empty()) {
        blocks_.erase(p.subject);
    }
}

std::span<const user_key> list_table::blocked_by(user_key subject) const {
    const auto found = blocks_.find(subject);
    return found == blocks_.end() ? std::span<const user_key>{} : found->second;
}

std::vector<user_key> list_table::blockers_of(user_key observer) const {
    std::vector<user_key> all;
    for (const auto& [subject, blocked] : blocks_) {
        if (std::ranges::binary_search(blocked, observer)) {
            all.push_back(subject);
        }
    }
    return all;
}

const user_policy& list_table::policy_of(user_key u) const {
    static const user_policy none;
    const auto found = policies_.find(u);
    return found == policies_.end() ? none : found->second;
}

void list_table::set_policy(user_key u, const user_policy& p) {
    if (p == user_policy{}) {
        policies_.erase(u);
    } else {
        policies_[u] = p;
    }
}

std::vector<user_key> list_table::users() const {
    std::vector<user_key> all;
    for (const auto& [u, lists] : lists_) {
        all.push_back(u);
    }
    for (const auto& [u, blocked] : blocks_) {
        all.push_back(u);
    }
    for (const auto& [u, policy] : policies_) {
        all.push_back(u);
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

void list_table::shrink() {
    for (auto& [u, lists] : lists_) {
        lists.entries.shrink_to_fit();
        lists.consents.shrink_to_fit();
    }
}

}  // namespace porchlight::homeserver
