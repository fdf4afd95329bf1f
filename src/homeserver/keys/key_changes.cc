#include "homeserver/keys/key_changes.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"

namespace porchlight::homeserver {

namespace limits = base::limits;

namespace {

constexpr std::size_t stale_max = 1024;

void make_unique(std::vector<user_key>& users) {
    std::ranges::sort(users);
    const auto rest = std::ranges::unique(users);
    users.erase(rest.begin(), rest.end());
}

}  // namespace

void key_changes::changed(user_key u, std::uint64_t position) {
    ASSERT(by_position_.empty() || by_position_.back().position <= position);
    newest_[u] = position;
    by_position_.push_back({position, u});
    if (by_position_.size() > 2 * newest_.size() + stale_max) {
        std::erase_if(by_position_, [this](const change& c) { return !is_newest(c); });
    }
}

void key_changes::load(user_key u, std::uint64_t position) {
    newest_[u] = position;
    by_position_.push_back({position, u});
}

void key_changes::sort() {
    std::ranges::sort(by_position_, {}, &change::position);
}

key_changes::changes::const_iterator key_changes::after(std::uint64_t position) const {
    return std::ranges::upper_bound(by_position_, position, {}, &change::position);
}

void key_changes::keys_since(user_key observer, std::uint64_t position, found& f) const {
    const auto first = after(position);
    if (static_cast<std::size_t>(by_position_.end() - first) <= limits::key_changes_scan_max) {
        for (auto c = first; c != by_position_.end(); ++c) {
            if (is_newest(*c) && (c->user == observer || rooms_.share_room(observer, c->user))) {
                f.changed.push_back(c->user);
            }
        }
        return;
    }
    const auto look_at = [&](user_key u) {
        const auto known = newest_.find(u);
        if (known != newest_.end() && known->second > position) {
            f.changed.push_back(u);
        }
    };
    look_at(observer);
    for (const membership_info& m : rooms_.rooms_of(observer)) {
        if (m.state == membership::join) {
            std::ranges::for_each(rooms_.members(m.room), look_at);
        }
    }
}

void key_changes::memberships_since(user_key observer, std::uint64_t position, found& f) const {
    for (const membership_info& own : rooms_.rooms_of(observer)) {
        const bool is_in = own.state == membership::join;
        const bool moved = own.position > position;
        const bool was_in = own.state == membership::leave || own.state == membership::ban;
        if ((!is_in && !(was_in && moved)) || rooms_.members_position(own.room) <= position) {
            continue;
        }
        rooms_.each_member(own.room, [&](const rooms::member_info& m) {
            if (m.user == observer || !has_keys(m.user) || !(moved || m.position > position)) {
                return;
            }
            if (is_in && m.state == membership::join) {
                f.changed.push_back(m.user);
            } else if ((m.state == membership::join || m.position > position) &&
                       !rooms_.share_room(observer, m.user)) {
                f.left.push_back(m.user);
            }
        });
    }
}

key_changes::found key_changes::since(user_key observer, std::uint64_t position) const {
    found f;
    keys_since(observer, position, f);
    memberships_since(observer, position, f);
    make_unique(f.changed);
    make_unique(f.left);
    return f;
}

bool key_changes::has_news(user_key observer, std::uint64_t position) const {
    const auto first = after(position);
    if (static_cast<std::size_t>(by_position_.end() - first) > limits::key_changes_scan_max) {
        return true;
    }
    return std::any_of(first, by_position_.end(), [&](const change& c) {
        return c.user == observer || rooms_.share_room(observer, c.user);
    });
}

}  // namespace porchlight::homeserver
