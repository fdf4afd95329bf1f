#include "engine/impl.h"

// Users of other servers. There is no device and no deadline of theirs here: their server says what
// they show, federation says when that is too old. The record has the state, the table of resting
// users the text.
namespace porchlight::engine {

void engine::remote_user(user_key u) {
    user_record& r = impl_->ensure(u);
    ASSERT(r.live == no_index);
    r.remote = true;
}

presence::view engine::impl::remote_view(user_key u) const {
    const user_record& r = records_[u.index()];
    presence::view v{.shown = r.saved, .currently_active = r.remote_active};
    if (r.last_active != never_active) {
        v.last_active = base::from_unix_ms(r.last_active);
    }
    if (const resting_user* rest = resting(u); rest != nullptr) {
        v.text = rest->saved.text;
    }
    return v;
}

std::optional<presence::view> engine::remote_view(user_key u) const {
    return impl_->knows(u) && impl_->records_[u.index()].remote
               ? std::optional{impl_->remote_view(u)}
               : std::nullopt;
}

void engine::remote_presence(user_key u, const presence::view& v, instant now) {
    impl& e = *impl_;
    e.begin(now);
    user_record& r = e.ensure(u);
    ASSERT(r.remote);
    const presence::view before = e.remote_view(u);
    r.saved = v.shown;
    r.remote_active = v.currently_active;
    if (v.last_active) {
        r.last_active = base::unix_ms(*v.last_active);
    }
    if (v.text != before.text) {
        r.resting = !v.text.empty();
        if (r.resting) {
            e.resting_[u.value].saved.text = v.text;
        } else {
            e.resting_.erase(u.value);
        }
        ports::status_row row;
        row.user = u;
        row.text = v.text;
        e.out_.save(row);
    }
    presence::view after = e.remote_view(u);
    if (after != before) {
        e.soil(u, now);
    }
    after.last_active = before.last_active;
    if (after == before || !e.settings_.enabled) {
        return;  // what happens while presence is off is found when it is switched on
    }
    e.changed_[u.index()] = e.positions_.next(now);
    ++e.counts_.updates;
    e.refresh_interesting(u);
    e.start({.what = job::kind::fan_out, .position = e.changed_[u.index()], .user = u}, now);
}

// What the other server said in the last run holds until it says more or federation gives it up.
void engine::impl::hold_remote(user_key u, const saved_presence& saved, instant now) {
    user_record& r = records_[u.index()];
    r.saved = saved.state;
    r.remote_active = saved.active;
    if (!settings_.enabled && saved.state != presence::state::offline) {
        changed_[u.index()] = positions_.restart();  // its last offline is still to be told
        soil(u, now);
    }
    refresh_interesting(u);
}

bool engine::has_observers(user_key u) const {
    const impl& e = *impl_;
    return e.knows(u) && (e.acceptances_.observers_of(u) != nullptr ||
                          !e.records_[u.index()].rooms.all().empty());
}

std::vector<user_key> engine::observers_of(user_key u) const {
    const member_list* list = impl_->acceptances_.observers_of(u);
    return list == nullptr ? std::vector<user_key>{} : list->members;
}

bool engine::has_stream(user_key u) const {
    const live_user* l = impl_->live(u);
    return l != nullptr && l->session_count != 0;
}

presence::view engine::shown(user_key u, instant now) const {
    return impl_->knows(u) ? impl_->shown_to_others(u, now) : presence::view{};
}

std::optional<presence::view> engine::shown_to_blocked(user_key observer, user_key subject) const {
    const blocks::block* b = impl_->block_of(observer, subject);
    return b == nullptr ? std::nullopt : std::optional{impl_->frozen(*b)};
}

void engine::set_exported(user_key u, bool on) {
    impl_->ensure(u).exported = on;
}

}  // namespace porchlight::engine
