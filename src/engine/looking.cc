#include <algorithm>

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
    const impl& e = *impl_;
    std::vector<user_key> seen;
    if (!e.knows(observer)) {
        return seen;
    }
    for (const room_key key : e.records_[observer.index()].rooms.all()) {
        if (const room& r = e.rooms_[key.index()]; r.counts) {
            seen.insert(seen.end(), r.members.begin(), r.members.end());
        }
    }
    const auto accepted_by = e.acceptances_.subjects_of(observer);
    seen.insert(seen.end(), accepted_by.begin(), accepted_by.end());
    seen.push_back(observer);
    std::ranges::sort(seen);
    const auto repeats = std::ranges::unique(seen);
    seen.erase(repeats.begin(), repeats.end());
    std::erase_if(seen, [&](user_key u) { return !e.may_see(observer, u); });
    return seen;
}

}  // namespace porchlight::engine
