#include "simulation/client.h"
#include "simulation/world.h"

// What people say about who may see them: acceptances, visibility, blocks.
namespace porchlight::simulation {

using base::user_key;
using presence::user_visibility;
using namespace std::chrono_literals;

namespace {

std::string name(std::uint32_t u) {
    return "user " + std::to_string(u);
}

}  // namespace

void world::change_lists() {
    const auto a = static_cast<std::uint32_t>(draw(users_));
    const auto b = static_cast<std::uint32_t>(draw(users_));
    const std::uint64_t kind = draw(100);
    if (kind < 25) {
        show(a);
    } else if (a == b) {
        return;
    } else if (kind < 70) {
        accept_or_revoke(a, b);
    } else {
        block_or_unblock(a, b);
    }
}

// Committed first; the position, which only the engine knows, is written behind.
void world::accept_or_revoke(std::uint32_t observer, std::uint32_t subject) {
    const disk::pair pair{observer, subject};
    const user_key o{observer}, s{subject};
    if (!model_.accepted.contains(pair)) {
        note(name(subject) + " accepts " + name(observer));
        disk_.commit([&](disk::tables& t) { t.acceptances[pair] = 0; });
        model_.accepted.insert(pair);
        const std::uint64_t p = engine_->accepted(o, s, now_);
        disk_.write_behind(now_.mono + 100ms, [pair, p](disk::tables& t) {
            if (t.acceptances.contains(pair)) {
                t.acceptances[pair] = p;
            }
        });
        return;
    }
    note(name(subject) + " revokes what " + name(observer) + " sees");
    disk_.commit([&](disk::tables& t) {
        t.acceptances.erase(pair);
        t.ended_acceptances.insert(pair);
    });
    model_.accepted.erase(pair);
    if (mutation_ != mutation::forgets_a_revocation) {
        engine_->unaccepted(o, s, now_);
    }
    disk_.write_behind(now_.mono + 100ms,
                       [pair](disk::tables& t) { t.ended_acceptances.erase(pair); });
}

void world::show(std::uint32_t u) {
    const auto before = model_.visibility_of(u);
    const auto v = static_cast<user_visibility>(draw(3));
    note(name(u) + " shows oneself to " + std::to_string(static_cast<int>(v)));
    if (v == before) {
        engine_->visibility_changed(user_key{u}, v, now_);
        return;  // the row keeps what it was before the last change
    }
    disk_.commit([&](disk::tables& t) { t.visibilities[u] = {v, before, 0}; });
    model_.visibilities[u] = v;
    const std::uint64_t p = engine_->visibility_changed(user_key{u}, v, now_);
    disk_.write_behind(now_.mono + 100ms, [u, v, before, p](disk::tables& t) {
        t.visibilities[u] = {v, before, p};
    });
}

void world::block_or_unblock(std::uint32_t subject, std::uint32_t observer) {
    const disk::pair pair{subject, observer};
    const user_key s{subject}, o{observer};
    if (model_.blocked.contains(pair)) {
        note(name(subject) + " unblocks " + name(observer));
        disk_.commit([&](disk::tables& t) { t.blocks.erase(pair); });
        model_.blocked.erase(pair);
        engine_->unblocked(s, o, now_);
        return;
    }
    note(name(subject) + " blocks " + name(observer));
    const engine::frozen_view v = engine_->freeze(s, now_);
    disk_.commit([&](disk::tables& t) { t.blocks[pair] = {v, 0}; });
    const presence::view is = model_.at(subject, now_).core.seen_by_others(now_);
    model_.blocked[pair] = {.last_active = is.last_active, .text = is.text};
    if (mutation_ == mutation::forgets_a_block) {
        return;
    }
    const std::uint64_t p = engine_->blocked(s, o, v, now_);
    disk_.write_behind(now_.mono + 100ms, [pair, p](disk::tables& t) {
        if (const auto b = t.blocks.find(pair); b != t.blocks.end()) {
            b->second.position = p;
        }
    });
}

void world::load_lists(const disk::tables& t) {
    for (const auto& [pair, p] : t.acceptances) {
        engine_->load_acceptance(user_key{pair.first}, user_key{pair.second}, p);
    }
    for (const auto& [observer, subject] : t.ended_acceptances) {
        if (!t.acceptances.contains({observer, subject})) {
            engine_->load_acceptance_end(user_key{observer}, user_key{subject});
        }
    }
    for (const auto& [u, v] : t.visibilities) {
        engine_->load_visibility(user_key{u}, v.now, v.position, v.before);
    }
    for (const auto& [pair, b] : t.blocks) {
        engine_->load_block(user_key{pair.first}, user_key{pair.second}, b.shows, b.position);
    }
}

// What was not known is stored again, what was told of is done with: behind the losses that the
// engine found, since another kill may come.
void world::settle_lists() {
    const std::uint64_t known = engine_->current_token().presence;
    const disk::tables loaded = disk_.now;
    disk_.write_behind(now_.mono + 100ms, [known, loaded](disk::tables& t) {
        for (const auto& [pair, p] : loaded.acceptances) {
            if (p == 0 && t.acceptances.contains(pair)) {
                t.acceptances[pair] = std::max(t.acceptances[pair], known);
            }
        }
        for (const auto& [u, v] : loaded.visibilities) {
            if (v.position == 0 && t.visibilities[u].now == v.now) {
                t.visibilities[u].position = std::max(t.visibilities[u].position, known);
            }
        }
        for (const auto& [pair, b] : loaded.blocks) {
            if (b.position == 0 && t.blocks.contains(pair)) {
                t.blocks[pair].position = std::max(t.blocks[pair].position, known);
            }
        }
        for (const disk::pair& pair : loaded.ended_acceptances) {
            t.ended_acceptances.erase(pair);
        }
    });
}

void world::interrupted_lists() {
    const auto a = static_cast<std::uint32_t>(draw(users_));
    const auto b = static_cast<std::uint32_t>(draw(users_));
    if (a == b || !chance(30)) {
        return;
    }
    const disk::pair pair{a, b};
    const std::uint64_t kind = draw(4);
    if (kind == 0) {
        const auto before = model_.visibility_of(a);
        const auto v = static_cast<user_visibility>(draw(3));
        if (v != before) {
            note("... " + name(a) + " showing oneself to " + std::to_string(static_cast<int>(v)));
            disk_.now.visibilities[a] = {v, before, 0};
            model_.visibilities[a] = v;
        }
    } else if (kind == 1 && model_.accepted.insert(pair).second) {
        note("... " + name(b) + " accepting " + name(a));
        disk_.now.acceptances[pair] = 0;
    } else if (kind == 2 && model_.accepted.erase(pair) != 0) {
        note("... " + name(b) + " revoking what " + name(a) + " sees");
        disk_.now.acceptances.erase(pair);
        disk_.now.ended_acceptances.insert(pair);
    } else if (kind == 3 && !model_.blocked.contains(pair)) {
        note("... " + name(a) + " blocking " + name(b));
        const presence::view is = model_.at(a, now_).core.seen_by_others(now_);
        disk_.now.blocks[pair] = {{is.text, is.last_active}, 0};
        model_.blocked[pair] = {.last_active = is.last_active, .text = is.text};
    }
}

}  // namespace porchlight::simulation
