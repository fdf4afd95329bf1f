#include "server/write_behind.h"

#include <memory>

#include "base/assert.h"
#include "base/metrics.h"

namespace porchlight::server {

using base::user_key;

namespace {

base::metrics::gauge unsaved{"porchlight_presence_unsaved",
                             "Users whose newest presence is not on disk yet."};

}  // namespace

write_behind::write_behind(ports::executor& decider, ports::commit_log& log,
                           storage::dirty_file& dirty)
    : decider_(decider), log_(log), dirty_(dirty) {
    unsaved.set(static_cast<std::int64_t>(dirty.dirty().size()));
}

void write_behind::save(const ports::presence_row& r) {
    soiled_.erase(r.user);
    presence_[r.user] = r;
    schedule(delay);
}

void write_behind::save(const ports::status_row& r) {
    status_[r.user] = r;
    schedule(base::milliseconds{0});  // it may end what a PUT made durable
}

void write_behind::save(const ports::loss_row& r) {
    losses_.insert_or_assign(pair{r.observer, r.subject}, r);
    schedule(base::milliseconds{0});  // follows a durable change, so it goes at once
}

void write_behind::forget(const ports::loss_removal& r) {
    losses_.insert_or_assign(pair{r.observer, r.subject}, r);
    schedule(delay);
}

void write_behind::reserve_positions(std::uint64_t ceiling) {
    const bool queued = log_.submit(
        {ports::meta_row{"presence_ceiling", std::to_string(ceiling)}}, true,
        [this, ceiling](bool ok) {
            if (!ok) {  // tried again until the disk takes it; 2^30 positions remain
                decider_.post_after(delay, [this, ceiling] { reserve_positions(ceiling); });
            }
        });
    if (!queued) {
        decider_.post_after(delay, [this, ceiling] { reserve_positions(ceiling); });
    }
}

void write_behind::now_dirty(user_key u) {
    soiled_.insert(u);
    if (!dirty_.is_set(u)) {
        unsaved.add(dirty_.set(u) ? 1 : 0);
    }
}

void write_behind::schedule(base::milliseconds in) {
    const bool at_once = in == base::milliseconds{0};
    if (scheduled_ && (soon_ || !at_once)) {
        return;
    }
    scheduled_ = true;
    soon_ = soon_ || at_once;
    if (at_once) {
        decider_.post([this] { write(); });
    } else {
        decider_.post_after(in, [this] { write(); });
    }
}

void write_behind::write() {
    scheduled_ = soon_ = false;
    ports::write_set set;
    std::vector<user_key> users;
    const bool durable = !status_.empty();
    set.reserve(presence_.size() + status_.size() + losses_.size());
    for (const auto& [user, row] : presence_) {
        set.emplace_back(row);
        users.push_back(user);
        ++in_flight_[user];
    }
    for (const auto& [user, row] : status_) {
        set.emplace_back(row);
    }
    for (auto& [key, row] : losses_) {
        set.push_back(std::move(row));
    }
    presence_.clear();
    status_.clear();
    losses_.clear();
    if (set.empty()) {
        return;
    }
    const auto again = std::make_shared<const ports::write_set>(set);
    const bool queued = log_.submit(std::move(set), durable,
                                    [this, users, again](bool ok) { written(users, ok, *again); });
    if (!queued) {
        written(users, false, *again);
    }
}

void write_behind::written(const std::vector<user_key>& users, bool ok,
                           const ports::write_set& again) {
    for (const user_key u : users) {
        const auto found = in_flight_.find(u);
        ASSERT(found != in_flight_.end());
        if (--found->second == 0) {
            in_flight_.erase(found);
            if (ok && !presence_.contains(u) && !soiled_.contains(u) && dirty_.is_set(u)) {
                dirty_.clear(u);
                unsaved.add(-1);
            }
        }
    }
    if (ok) {
        return;
    }
    // Presence is served from memory meanwhile; what did not reach the disk is tried again, unless
    // something newer waits already.
    for (const ports::write& w : again) {
        if (const auto* p = std::get_if<ports::presence_row>(&w)) {
            presence_.try_emplace(p->user, *p);
        } else if (const auto* s = std::get_if<ports::status_row>(&w)) {
            status_.try_emplace(s->user, *s);
        } else if (const auto* l = std::get_if<ports::loss_row>(&w)) {
            losses_.try_emplace(pair{l->observer, l->subject}, *l);
        } else if (const auto* f = std::get_if<ports::loss_removal>(&w)) {
            losses_.try_emplace(pair{f->observer, f->subject}, *f);
        }
    }
    schedule(delay);
}

void write_behind::flush(base::unique_function<void()> done) {
    write();
    // An empty set keeps its place in the order, so its acknowledgement is that of all before it.
    auto shared = std::make_shared<base::unique_function<void()>>(std::move(done));
    if (!log_.submit({}, false, [shared](bool) { (*shared)(); })) {
        decider_.post_after(base::milliseconds{20},
                            [this, shared] { flush([shared] { (*shared)(); }); });
    }
}

}  // namespace porchlight::server
