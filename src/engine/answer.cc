#include <algorithm>

#include "engine/impl.h"

// Answers: from what is pending to a batch. Hot path: allocates per batch, never per delivery.
namespace porchlight::engine {

void engine::impl::serve_ready(instant now, bool all) {
    std::size_t at = 0;
    for (; at < ready_.size() && (all || units_ > 0); ++at) {
        const auto [i, since] = ready_[at];
        sessions_[i].on_ready = false;
        if (sessions_[i].parked) {
            note_wait(sessions_[i].handle.thread, now.mono - since, now.mono);
            serve(i, now);
        }
        spend(cost::answer);
    }
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(at));
}

void engine::impl::serve(std::uint32_t i, instant now) {
    if (!collect(i, now)) {
        queue_rebuild(i);
        return;
    }
    session& s = sessions_[i];
    if (wants_places(s) && !jobs_.empty() && !s.everything && is_large(s)) {
        queue_rebuild(i);  // as in order_rows()
        return;
    }
    if (rows_.empty() && !s.must_answer) {
        s.at_once = false;  // nothing left to tell: the poll stays parked
        s.answer_at = mono_time::max();
        return;
    }
    const std::size_t count = cut_rows(i, now);
    deliver(i, count, now, !jobs_.empty());
    leave_parked(i, now, true);
}

// More rows than surely fit: in which order they stand matters.
bool engine::impl::wants_places(const session& s) const {
    constexpr std::size_t surely_fits = 100;  // rows of the largest size
    return rows_.size() > std::min(surely_fits, s.filter ? s.filter->limit() : surely_fits);
}

// Finds in rows_ what to tell. Subjects whose deadline has passed are settled first, so that what
// is told is the state of this moment.
bool engine::impl::collect(std::uint32_t i, instant now) {
    settle_if_due(sessions_[i].user, now);
    session& s = sessions_[i];
    if (wants_none(s)) {
        rows_.clear();
    } else if (s.rebuild || !collect_pending(s)) {
        if (is_large(s)) {
            return false;
        }
        rebuild(s);
    }
    s.rebuild = false;
    s.pending.clear();
    for (std::size_t k = 0; k < rows_.size(); ++k) {
        settle_if_due(rows_[k].subject, now);
    }
    session& after = sessions_[i];
    if (!after.rebuild) {
        after.pending.clear();
    }
    return true;
}

// False: what is pending does not say all that is to be told.
bool engine::impl::collect_pending(const session& s) {
    rows_.clear();
    candidates_.clear();
    for (const std::uint32_t u : s.pending.all()) {
        candidates_.push_back(user_key{u});
    }
    std::ranges::sort(candidates_);
    const auto repeats = std::ranges::unique(candidates_);
    candidates_.erase(repeats.begin(), repeats.end());
    spend(candidates_.size() * cost::row);
    for (const user_key u : candidates_) {
        if (s.filter && !s.filter->accepts(u)) {
            continue;
        }
        if (!collect_pending(s, u)) {
            return false;
        }
    }
    return true;
}

bool engine::impl::collect_pending(const session& s, user_key u) {
    const place since = place::of(s.since);
    switch (sight_of(s, u)) {
        case presence::sight::full:
            rows_.push_back({.subject = u,
                             .what = u == s.user ? row::kind::self : row::kind::others,
                             .position = 0});
            break;
        case presence::sight::frozen: {
            bool worth_telling = true;
            const std::uint64_t p = effective(s, u, worth_telling, since);
            if (since.is_before(p, u)) {
                rows_.push_back({.subject = u, .what = row::kind::frozen, .position = p});
            }
            break;
        }
        case presence::sight::none: {
            const losses::loss* l = losses_.find(s.user, u);
            if (l == nullptr) {
                return false;  // a room stopped to count, and the job that tells is not here yet
            }
            if (since.is_before(l->position, u)) {
                rows_.push_back({.subject = u,
                                 .what = row::kind::lost,
                                 .position = l->position,
                                 .last_active = l->last_active});
            }
            break;
        }
    }
    return true;
}

// How many of rows_ fit into this response; if not all, they stand in the order of their places
// and the token says where it stopped.
std::size_t engine::impl::cut_rows(std::uint32_t i, instant now) {
    session& s = sessions_[i];
    const std::size_t most =
        std::min(limits::presence_per_response_max, s.filter ? s.filter->limit() : ~std::size_t{0});
    next_ = token_for(s);
    s.cut = false;
    if (!wants_places(s)) {
        return rows_.size();
    }
    order_rows(s);
    const std::size_t count = fitting(now, std::min(most, rows_.size()));
    if (count == rows_.size()) {
        return count;
    }
    const token held_back = next_;
    s.cut = true;
    next_.presence = rows_[count - 1].position;
    next_.cut = rows_[count - 1].subject.value + 1;
    if (s.everything && !s.had_token) {
        put_self_in(s, count);
    }
    if (next_.presence > held_back.presence) {
        // A job may still find something that belongs before it. Some rows will come again.
        next_ = held_back;
        s.cut = false;
        s.rebuild = true;
        return count;
    }
    for (std::size_t k = count; k < rows_.size() && !s.rebuild; ++k) {
        s.rebuild = !s.pending.add(rows_[k].subject);
    }
    return count;
}

// By place, so that a token can name where it stops.
void engine::impl::order_rows(session& s) {
    if (!jobs_.empty() && !s.everything) {
        rebuild(s);  // not all are marked yet, and a place needs all before it
    }
    const place since = s.everything ? place{} : place::of(s.since);
    for (row& r : rows_) {
        if (r.position == 0) {
            bool worth_telling = true;
            r.position = effective(s, r.subject, worth_telling, since);
        }
    }
    std::ranges::sort(rows_, [](const row& a, const row& b) {
        return std::pair{a.position, a.subject} < std::pair{b.position, b.subject};
    });
}

// A first response has the user's own state, however little else fits.
void engine::impl::put_self_in(const session& s, std::size_t count) {
    const auto self = std::ranges::find(rows_, s.user, &row::subject);
    if (self == rows_.end() || self - rows_.begin() < static_cast<std::ptrdiff_t>(count)) {
        return;
    }
    std::swap(*self, rows_[count - 1]);
    next_.presence = count == 1 ? 0 : rows_[count - 2].position;
    next_.cut = count == 1 ? 0 : rows_[count - 2].subject.value + 1;
}

// REQUIRES: most > 0. At least one.
std::size_t engine::impl::fitting(instant now, std::size_t most) const {
    constexpr std::size_t frame = 220;  // keys, braces and numbers of one event
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < most; ++k) {
        const user_key u = rows_[k].subject;
        const profile p = out_.profile_of(u);
        bytes += frame + 2 * p.user_id.size() + p.displayname.size() + p.avatar_url.size();
        if (rows_[k].what != row::kind::lost) {
            bytes += shown_to_others(u, now).text.size();
        }
        if (bytes > limits::presence_bytes_per_response_max && k > 0) {
            return k;
        }
    }
    return most;
}

void engine::impl::deliver(std::uint32_t i, std::size_t count, instant now, bool held_back) {
    session& s = sessions_[i];
    batch& b = batch_for(s.handle.thread, now);
    const auto first = static_cast<std::uint32_t>(b.indices.size());
    for (std::size_t k = 0; k < count; ++k) {
        b.indices.push_back(subject_in(s, rows_[k], now));
    }
    b.deliveries.push_back({.handle = s.handle,
                            .kind = s.kind,
                            .user = s.user,
                            .device = s.device,
                            .since = s.had_token ? std::optional{s.since} : std::nullopt,
                            .next = next_,
                            .first = first,
                            .count = static_cast<std::uint32_t>(count),
                            .durable_news = s.durable_news,
                            .timed_out = s.timed_out,
                            .marked = count != 0 ? s.marked : now.mono});
    ++counts_.deliveries;
    counts_.subjects_delivered += count;
    s.since = next_;
    // While jobs hold the token back, it does not say all that was told: another poll that was
    // given the same token may know less.
    s.rebuild |= count != 0 && held_back;
    s.had_token = true;
    s.everything = s.full = false;
    s.last_answer = now.mono;
    s.at_once = false;
    s.durable_news = false;
}

batch& engine::impl::batch_for(std::uint32_t thread, instant now) {
    if (thread >= outgoing_.size()) {
        outgoing_.resize(thread + 1);
    }
    outgoing& o = outgoing_[thread];
    if (o.b == nullptr) {
        if (spare_.empty()) {
            o.b = std::make_unique<batch>();
        } else {
            o.b = std::move(spare_.back());
            spare_.pop_back();
        }
        o.b->thread = thread;
        o.b->at = now;
    }
    return *o.b;
}

presence::view engine::impl::view_in(const session& s, const row& r, instant now) const {
    switch (r.what) {
        case row::kind::others:
            return shown_to_others(r.subject, now);
        case row::kind::self:
            return shown_to_self(r.subject, now);
        case row::kind::lost:
            return {.last_active = r.last_active};
        case row::kind::frozen:
            return frozen(*block_of(s.user, r.subject));
    }
    return {};
}

// The subject's place in the batch of that thread, copied there once; what only this observer sees
// of it has a place of its own.
std::uint32_t engine::impl::subject_in(const session& s, const row& r, instant now) {
    batch& b = *outgoing_[s.handle.thread].b;
    auto& index = outgoing_[s.handle.thread].index;
    const bool is_shared = r.what == row::kind::others || r.what == row::kind::self;
    const std::uint64_t name =
        std::uint64_t{r.subject.value} << 1 | (r.what == row::kind::self ? 1U : 0U);
    if (const auto known = is_shared ? index.find(name) : index.end(); known != index.end()) {
        return known->second;
    }
    const presence::view v = view_in(s, r, now);
    const auto copy = [&b](std::string_view text) {
        const auto offset = static_cast<std::uint32_t>(b.arena.size());
        b.arena.insert(b.arena.end(), text.begin(), text.end());
        return std::pair{offset, static_cast<std::uint32_t>(text.size())};
    };
    const profile p = out_.profile_of(r.subject);
    const auto [user_id, user_id_size] = copy(p.user_id);
    const auto [displayname, displayname_size] = copy(p.displayname);
    const auto [avatar_url, avatar_url_size] = copy(p.avatar_url);
    const auto [text, text_size] = copy(v.text);
    b.subjects.push_back({.user = r.subject,
                          .shown = v.shown,
                          .hidden = v.hidden,
                          .currently_active = v.currently_active,
                          .last_active = v.last_active,
                          .user_id = user_id,
                          .user_id_size = user_id_size,
                          .displayname = displayname,
                          .displayname_size = displayname_size,
                          .avatar_url = avatar_url,
                          .avatar_url_size = avatar_url_size,
                          .text = text,
                          .text_size = text_size});
    const auto at = static_cast<std::uint32_t>(b.subjects.size() - 1);
    if (is_shared) {
        index[name] = at;
    }
    return at;
}

void engine::impl::send_batches() {
    for (outgoing& o : outgoing_) {
        if (o.b != nullptr) {
            o.index.clear();
            out_.deliver(std::move(o.b));
        }
    }
}

}  // namespace porchlight::engine
