#include "simulation/model.h"

namespace porchlight::simulation {

model::person& model::at(std::uint32_t u, instant now) {
    person& p = people_.try_emplace(u, settings_).first->second;
    if (p.core.is_due(now)) {
        p.core.settle(now);
    }
    return p;
}

std::optional<base::mono_time> model::next_deadline() const {
    std::optional<base::mono_time> next;
    for (const auto& [u, p] : people_) {
        const auto due = p.core.next_deadline();
        if (due && (!next || *due < *next)) {
            next = due;
        }
    }
    return next;
}

void model::settle(instant now) {
    for (const auto& [u, p] : people_) {
        at(u, now);
    }
}

void model::restore(std::uint32_t u, presence::saved_state saved, presence::state s, instant now) {
    person& p = people_.try_emplace(u, settings_).first->second;
    if (p.deactivated) {
        saved.text.clear();
        saved.frozen_text.clear();
        saved.suppressed.clear();
        saved.text_expires.reset();
        s = presence::state::offline;
    }
    p.core = presence::user(settings_, std::move(saved));
    p.core.restored(s, now);
}

void model::member(std::uint32_t room, std::uint32_t u, bool joins) {
    hall& h = rooms_[room];
    if (joins) {
        h.members.insert(u);
    } else {
        h.members.erase(u);
    }
    resize(h);
}

// Beyond the limit a room stops to count, at nine tenths of it counts again.
void model::resize(hall& h) const {
    if (policy_.members_max == 0 || h.members.size() * 10 <= policy_.members_max * 9) {
        h.size_allows = true;
    } else if (h.members.size() > policy_.members_max) {
        h.size_allows = false;
    }
}

void model::set_policy(const policy& p) {
    policy_ = p;
    for (auto& [key, h] : rooms_) {
        resize(h);
    }
}

bool model::counts(const hall& h) const {
    return h.size_allows && !policy_.none && !(policy_.not_public && h.is_public);
}

bool model::may_see(std::uint32_t observer, std::uint32_t subject) const {
    if (observer == subject) {
        return true;
    }
    if (visibility_of(subject) == presence::user_visibility::nobody) {
        return false;
    }
    if (accepted.contains({observer, subject})) {
        return true;
    }
    for (const auto& [key, h] : rooms_) {
        if (shows_in_rooms(subject) && counts(h) && h.members.contains(observer) &&
            h.members.contains(subject)) {
            return true;
        }
    }
    return false;
}

presence::user_visibility model::visibility_of(std::uint32_t u) const {
    const auto said = visibilities.find(u);
    return said == visibilities.end() ? presence::user_visibility::everyone : said->second;
}

presence::view model::expected(std::uint32_t observer, std::uint32_t subject, instant now) {
    const presence::user& core = at(subject, now).core;
    if (const auto b = blocked.find({subject, observer});
        b != blocked.end() && observer != subject) {
        return policy_.enabled ? b->second : presence::view{.last_active = b->second.last_active};
    }
    if (!policy_.enabled) {
        return {.last_active = core.seen_by_others(now).last_active};
    }
    return observer == subject ? core.seen_by_self(now) : core.seen_by_others(now);
}

}  // namespace porchlight::simulation
