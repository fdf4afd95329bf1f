#include "engine/explain.h"

#include <algorithm>

#include "engine/impl.h"

namespace porchlight::engine {

namespace {

// Whom we have met already: a bit a user.
class met {
  public:
    explicit met(std::size_t users) : words_(users / 64 + 1) {}
    bool first_time(user_key u) {
        std::uint64_t& word = words_[u.index() / 64];
        const std::uint64_t bit = std::uint64_t{1} << (u.index() % 64);
        return (std::exchange(word, word | bit) & bit) == 0;
    }

  private:
    std::vector<std::uint64_t> words_;
};

explanation::device explain_device(const presence::device_report& d, instant now) {
    const auto wall = [&now](const std::optional<mono_time>& t) {
        return t ? std::optional{now.wall + (*t - now.mono)} : std::nullopt;
    };
    return {.key = d.key,
            .asked = d.asked,
            .counts_as = d.counts_as,
            .streams = d.streams,
            .silent_streams = d.silent_streams,
            .grace_until = wall(d.grace_until),
            .put_until = wall(d.put_until),
            .idle_at = wall(d.idle_at),
            .believed = d.own_timer || d.poll_states};
}

}  // namespace

void engine::impl::explain_state(user_key u, instant now, explanation& x) const {
    if (records_[u.index()].remote) {
        const presence::view v = remote_view(u);
        x.aggregate = v.shown;
        x.currently_active = v.currently_active;
        x.last_active = v.last_active;
        x.text_bytes = v.text.size();
        return;
    }
    presence::user core = copy_of(u);
    core.settle(now);
    x.hidden = core.hidden();
    x.aggregate = core.aggregate();
    x.currently_active = core.seen_by_others(now).currently_active;
    x.last_active = core.saved().last_active;
    x.text_bytes = core.saved().text.size();
    x.text_expires = core.saved().text_expires;
    for (const presence::device_report& d : core.report(now)) {
        x.devices.push_back(explain_device(d, now));
        x.streams += d.streams + d.silent_streams;
    }
}

void engine::impl::explain_audience(user_key u, explanation& x) const {
    const user_record& r = records_[u.index()];
    met seen(records_.size());
    seen.first_time(u);
    std::size_t left = limits::explained_members_max;
    // Of the list, how many were met for the first time.
    const auto look_at = [&](const member_list& list) {
        std::size_t fresh = 0;
        for (const user_key observer : list.members) {
            if (left == 0) {
                x.seen_by.at_least = true;
                break;
            }
            --left;
            if (seen.first_time(observer)) {
                ++fresh;
                x.seen_by.blocked += block_of(observer, u) != nullptr ? 1 : 0;
            }
        }
        x.seen_by.total += fresh;
        return fresh;
    };
    for (const room_key key : r.rooms.all()) {
        const room& in = rooms_[key.index()];
        if (!in.counts) {
            ++x.rooms_not_counting;
            continue;
        }
        ++x.rooms_counting;
        x.rooms.push_back({key, in.members.size()});
        if (x.visibility == user_visibility::everyone) {
            x.seen_by.by_rooms += look_at(in);
        }
    }
    if (const member_list* list = acceptances_.observers_of(u);
        list != nullptr && x.visibility != user_visibility::nobody) {
        x.seen_by.by_lists = list->members.size();
        look_at(*list);
    }
    const std::size_t named = std::min(x.rooms.size(), limits::explained_rooms_max);
    std::ranges::partial_sort(x.rooms, x.rooms.begin() + static_cast<std::ptrdiff_t>(named),
                              std::ranges::greater{}, &explanation::room::members);
    x.rooms.resize(named);
}

explanation engine::explain(user_key u, instant now) const {
    const impl& e = *impl_;
    explanation x;
    x.enabled = e.settings_.enabled;
    if (!e.knows(u)) {
        return x;
    }
    const user_record& r = e.records_[u.index()];
    x.known = true;
    x.remote = r.remote;
    x.deactivated = r.deactivated;
    x.visibility = r.visibility;
    e.explain_state(u, now, x);
    e.explain_audience(u, x);
    return x;
}

}  // namespace porchlight::engine
