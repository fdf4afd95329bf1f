#include <algorithm>
#include <span>

#include "engine/impl.h"

// What is asked without a stream.
namespace porchlight::engine {

using sight = presence::sight;

std::optional<presence::view> engine::look(user_key observer, user_key subject, instant now) const {
    const impl& e = *impl_;
    switch (e.sight(observer, subject)) {
        case sight::none:
            return std::nullopt;
        case sight::frozen:
            return e.frozen(*e.block_of(observer, subject));
        case sight::full:
            break;
    }
    return observer == subject ? e.shown_to_self(subject, now) : e.shown_to_others(subject, now);
}

std::optional<presence::view> engine::look_in(room_key r, user_key observer, user_key subject,
                                              instant now) const {
    const impl& e = *impl_;
    if (!r.valid() || !e.room_known(r)) {
        return std::nullopt;
    }
    switch (e.sight_in(e.rooms_[r.index()], observer, subject)) {
        case sight::none:
            return std::nullopt;
        case sight::frozen:
            return e.frozen(*e.block_of(observer, subject));
        case sight::full:
            break;
    }
    return e.shown_to_others(subject, now);
}

bool engine::may_see(user_key observer, user_key subject) const {
    return impl_->may_see(observer, subject);
}

bool engine::shares_room(user_key a, user_key b) const {
    return impl_->shares(a, b, false);
}

std::vector<user_key> engine::visible_to(user_key observer) const {
    return visible_to(observer, user_key{0}, ~std::size_t{0}).users;
}

engine::visible_part engine::visible_to(user_key observer, user_key from, std::size_t most) const {
    const impl& e = *impl_;
    visible_part part;
    if (!e.knows(observer)) {
        return part;
    }
    // Lists that ascend, merged: a heap of what is left of each, the least key on top.
    std::vector<std::span<const user_key>> left;
    const auto add = [&](std::span<const user_key> all) {
        const auto begin = std::ranges::lower_bound(all, from);
        if (begin != all.end()) {
            left.emplace_back(begin, all.end());
        }
    };
    for (const room_key key : e.records_[observer.index()].rooms.all()) {
        if (const room& r = e.rooms_[key.index()]; r.counts) {
            add(r.members);
        }
    }
    add(e.acceptances_.subjects_of(observer));
    add({&observer, 1});
    const auto later = [](const auto& a, const auto& b) { return a.front() > b.front(); };
    std::ranges::make_heap(left, later);
    user_key last;
    for (std::size_t looked_at = 0; !left.empty();) {
        const user_key u = left.front().front();
        if (u != last) {
            if (looked_at++ == most) {
                part.next = u;
                return part;
            }
            last = u;
            if (e.may_see(observer, u)) {
                part.users.push_back(u);
            }
        }
        std::ranges::pop_heap(left, later);
        left.back() = left.back().subspan(1);
        if (left.back().empty()) {
            left.pop_back();
        } else {
            std::ranges::push_heap(left, later);
        }
    }
    return part;
}

}  // namespace porchlight::engine
