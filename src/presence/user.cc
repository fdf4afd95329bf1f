#include "presence/user.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace porchlight::presence {

namespace {

// For how long a PUT without a stream counts when no idle timeout is set.
constexpr base::milliseconds put_counts_default = std::chrono::minutes{5};

// The place of a state in the availability order. Busy wins over the order and has no place of its
// own in it; going from online to busy and back is neither a rise nor a lowering.
int rank(state s) {
    return static_cast<int>(s == state::busy ? state::online : s);
}

// The states that idling ends.
bool idles(state s) {
    return s == state::online || s == state::free_for_chat;
}

bool has_activity(state s) {
    return idles(s) || s == state::busy;
}

}  // namespace

changes& changes::operator|=(const changes& c) {
    others |= c.others;
    self |= c.self;
    lasting |= c.lasting;
    activity |= c.activity;
    return *this;
}

user::user(const settings& s, saved_state saved) : settings_(&s), saved_(std::move(saved)) {
    if (saved_.text_expires) {
        text_due_ = due_ = base::mono_time::min();  // settle() knows better
    }
}

std::optional<base::mono_time> user::next_deadline() const {
    return due_ == not_due ? std::nullopt : std::optional{due_};
}

changes user::restored(state s, base::instant now) {
    ASSERT(devices_.empty());
    const glance before = look();
    changes c = begin(now);
    if (s == state::offline) {
        return c;
    }
    // One stands for all: which devices there were is not kept.
    device& d = find_or_add(base::device_key{});
    d.asked = s;
    d.poll_states = true;
    d.grace_ends = now.mono + settings_->offline_grace;
    if (saved_.last_active && *saved_.last_active <= now.wall) {
        const base::milliseconds ago = now.wall - *saved_.last_active;
        if (ago < settings_->active_window) {
            active_at_ = now.mono - ago;
        }
    }
    recompute(now);
    compare(before, c);
    return c;
}

changes user::stream_opened(base::device_key key, const stream_request& r, base::instant now) {
    const glance before = look();
    changes c = begin(now);
    const state aggregate_before = aggregate_;
    const device* old = find(base::device_key{});
    const state old_asked = old != nullptr ? old->asked : state::offline;
    device& d = find_or_add(key);
    if (!r.marks) {
        ++d.unmarking;
        d.put_ends = std::min(d.put_ends, now.mono + settings_->offline_grace);
        recompute(now);
        compare(before, c);
        return c;
    }
    const bool counted = d.counts(now.mono);
    const bool was_online = counted && idles(d.asked);
    ++d.marking;
    d.put_ends = never;
    d.poll_states = r.asked.has_value();
    if (r.asked) {
        ASSERT(*r.asked != state::offline);
        d.asked = *r.asked;
        c.lasting |= suppress(key, false);
    } else if (!counted && d.asked != state::offline) {
        d.asked = old_asked == state::offline ? state::online : old_asked;
    }
    if (idles(d.asked) && !was_online) {
        d.fresh = now.mono;
    }
    if (!r.asked && !counted && old_asked == state::unavailable && d.asked == old_asked &&
        settings_->idle_timeout.count() > 0) {
        // Who idled before a restart idles after it, until activity.
        d.asked = state::online;
        d.fresh = now.mono - settings_->idle_timeout;
    }
    recompute(now);
    if (rank(aggregate_) > rank(aggregate_before)) {
        touch(find(key), now, c);
        recompute(now);
    }
    compare(before, c);
    return c;
}

changes user::stream_closed(base::device_key key, bool marked, base::instant now) {
    const glance before = look();
    changes c = begin(now);
    device* d = find(key);
    if (d == nullptr) {
        compare(before, c);
        return c;
    }
    if (!marked && d->unmarking > 0) {
        --d->unmarking;
    } else if (marked && d->marking > 0 && --d->marking == 0) {
        d->grace_ends = now.mono + settings_->offline_grace;
    }
    recompute(now);
    compare(before, c);
    return c;
}

changes user::put(base::device_key key, const put_request& r, base::instant now) {
    const glance before = look();
    const saved_state saved_before = saved_;
    const std::string outer_before = outer_text();
    begin(now);
    changes c;  // texts are compared as a whole below
    const state aggregate_before = aggregate_;
    apply_hiding(key, r);
    if (r.text) {
        saved_.text = *r.text;
        saved_.text_expires = r.text->empty() ? std::nullopt : r.text_expires;
    }
    if (r.asked) {
        apply_asked(key, *r.asked, now, c);
    } else if (device* d = find(key); d != nullptr && now.mono < d->put_ends) {
        d->put_ends = now.mono + put_counts_for();
    }
    expire_text(now);
    recompute(now);
    if (rank(aggregate_) > rank(aggregate_before)) {
        touch(find(key), now, c);
        recompute(now);
    }
    compare(before, c);
    c.self |= saved_.text != saved_before.text;
    c.others |= outer_text() != outer_before;
    c.lasting |= !same_lasting(saved_before, saved_);
    return c;
}

void user::apply_hiding(base::device_key key, const put_request& r) {
    if (saved_.hidden && (r.unhide || (r.asked && key == saved_.hidden_by))) {
        saved_.hidden = false;
        saved_.hidden_by = {};
        saved_.frozen_text.clear();
        saved_.frozen_last_active.reset();
    }
    if (r.hide && !saved_.hidden) {
        saved_.hidden = true;
        saved_.hidden_by = key;
        saved_.frozen_text = saved_.text;
        saved_.frozen_last_active = saved_.last_active;
    }
}

void user::apply_asked(base::device_key key, state asked, base::instant now, changes& c) {
    state previous = state::offline;
    if (const device* old = find(base::device_key{}); old != nullptr) {
        // Words end the guess about what its devices were before the restart.
        previous = old->asked;
        drop(base::device_key{});
    }
    device& d = find_or_add(key);
    const bool counted = d.counts(now.mono);
    if (counted || d.asked == state::offline) {
        previous = d.asked;
    }
    const bool was_online = counted && idles(d.asked);
    d.asked = asked;
    suppress(key, asked == state::offline);
    d.poll_states &= counted;
    d.own_timer |= asked == state::unavailable;
    d.put_ends = d.marking == 0 && asked != state::offline ? now.mono + put_counts_for() : never;
    if (idles(asked) && !was_online) {
        d.fresh = now.mono;
    }
    if (asked != state::offline && rank(asked) >= rank(previous)) {
        touch(&d, now, c);
    }
}

changes user::active(base::device_key key, base::instant now) {
    const glance before = look();
    changes c = begin(now);
    touch(find(key), now, c);
    recompute(now);
    compare(before, c);
    return c;
}

changes user::device_removed(base::device_key key, base::instant now) {
    const glance before = look();
    changes c = begin(now);
    drop(key);
    drop(base::device_key{});
    c.lasting |= suppress(key, false);
    recompute(now);
    compare(before, c);
    return c;
}

changes user::deactivated(base::instant now) {
    const glance before = look();
    changes c = begin(now);
    c.self |= !saved_.text.empty();
    c.others |= !outer_text().empty();
    c.lasting |= !saved_.text.empty() || !saved_.frozen_text.empty() || !saved_.suppressed.empty();
    devices_.clear();
    saved_.suppressed = {};
    saved_.text.clear();
    saved_.text_expires.reset();
    saved_.frozen_text.clear();
    expire_text(now);
    recompute(now);
    compare(before, c);
    return c;
}

changes user::settle(base::instant now) {
    const glance before = look();
    changes c = begin(now);
    compare(before, c);
    return c;
}

view user::seen_by_others(base::instant) const {
    if (saved_.hidden) {
        return {.last_active = saved_.frozen_last_active, .text = saved_.frozen_text};
    }
    return {.shown = aggregate_,
            .currently_active = active_,
            .last_active = saved_.last_active,
            .text = saved_.text};
}

view user::seen_by_self(base::instant now) const {
    if (saved_.hidden) {
        return {.hidden = true, .last_active = saved_.last_active, .text = saved_.text};
    }
    return seen_by_others(now);
}

user::device* user::find(base::device_key key) {
    const auto at = std::find_if(devices_.begin(), devices_.end(),
                                 [&](const device& d) { return d.key == key; });
    return at == devices_.end() ? nullptr : &*at;
}

user::device& user::find_or_add(base::device_key key) {
    if (device* d = find(key); d != nullptr) {
        return *d;
    }
    devices_.push_back({.key = key, .asked = is_suppressed(key) ? state::offline : state::online});
    return devices_.back();
}

bool user::is_suppressed(base::device_key key) const {
    return std::binary_search(saved_.suppressed.begin(), saved_.suppressed.end(), key);
}

bool user::suppress(base::device_key key, bool on) {
    const auto at = std::lower_bound(saved_.suppressed.begin(), saved_.suppressed.end(), key);
    const bool is = at != saved_.suppressed.end() && *at == key;
    if (is == on) {
        return false;
    }
    if (on) {
        saved_.suppressed.insert(at, key);
    } else {
        saved_.suppressed.erase(at);
        if (saved_.suppressed.empty()) {
            saved_.suppressed.shrink_to_fit();  // as few have any
        }
    }
    return true;
}

void user::drop(base::device_key key) {
    std::erase_if(devices_, [&](const device& d) { return d.key == key; });
}

base::milliseconds user::put_counts_for() const {
    return settings_->idle_timeout.count() > 0 ? settings_->idle_timeout : put_counts_default;
}

base::mono_time user::idle_at(const device& d) const {
    if (!idles(d.asked) || d.poll_states || d.own_timer || settings_->idle_timeout.count() == 0) {
        return not_due;
    }
    return d.fresh + settings_->idle_timeout;
}

state user::contribution(const device& d, base::mono_time t) const {
    if (!d.counts(t)) {
        return state::offline;
    }
    return t < idle_at(d) ? d.asked : state::unavailable;
}

void user::recompute(base::instant now) {
    const base::mono_time t = now.mono;
    std::erase_if(devices_, [&](const device& d) {
        return !d.counts(t) && d.unmarking == 0 && !d.own_timer;
    });
    if (devices_.empty()) {
        devices_.shrink_to_fit();  // most users of a large server are at rest
    }
    aggregate_ = state::offline;
    due_ = text_due_;
    for (const device& d : devices_) {
        const state s = contribution(d, t);
        aggregate_ = std::max(aggregate_, s);
        const base::mono_time ends = std::max(d.grace_ends, d.put_ends);
        if (d.marking == 0 && t < ends) {
            due_ = std::min(due_, ends);
        }
        if (idles(s)) {
            due_ = std::min(due_, idle_at(d));
        }
    }
    const base::mono_time active_ends =
        active_at_ == never ? never : active_at_ + settings_->active_window;
    active_ = has_activity(aggregate_) && t < active_ends;
    if (active_) {
        due_ = std::min(due_, active_ends);
    }
}

void user::touch(device* d, base::instant now, changes& c) {
    active_at_ = now.mono;
    if (d != nullptr) {
        d->fresh = now.mono;
    }
    if (!saved_.last_active || *saved_.last_active < now.wall) {
        saved_.last_active = now.wall;
        c.activity = true;
    }
}

changes user::begin(base::instant now) {
    changes c;
    if (expire_text(now)) {
        c.lasting = true;
        c.self = true;
        c.others = !saved_.hidden;
    }
    recompute(now);
    return c;
}

bool user::expire_text(base::instant now) {
    text_due_ = not_due;
    if (!saved_.text_expires) {
        return false;
    }
    if (*saved_.text_expires <= now.wall) {
        saved_.text.clear();
        saved_.text_expires.reset();
        return true;
    }
    const base::milliseconds left = *saved_.text_expires - now.wall;
    if (left < not_due - now.mono) {
        text_due_ = now.mono + left;
    }
    return false;
}

void user::compare(const glance& before, changes& c) const {
    const auto outer = [](const glance& g) {
        return g.hidden ? std::pair{state::offline, false} : std::pair{g.aggregate, g.active};
    };
    const bool outer_changed = outer(before) != outer(look());
    c.others |= outer_changed;
    // While hidden the user sees "hidden", whatever the aggregate is.
    c.self |= outer_changed || before.hidden != saved_.hidden;
}

bool user::same_lasting(const saved_state& a, const saved_state& b) {
    return a.text == b.text && a.text_expires == b.text_expires && a.hidden == b.hidden &&
           a.hidden_by == b.hidden_by && a.frozen_text == b.frozen_text &&
           a.frozen_last_active == b.frozen_last_active && a.suppressed == b.suppressed;
}

}  // namespace porchlight::presence
