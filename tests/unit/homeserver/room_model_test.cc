#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "unit/homeserver/room_bench.h"

// After any sequence of operations a room is what a simple model says: a table of memberships, a
// topic, a join rule.
namespace porchlight::homeserver {
namespace {

using test::room_bench;

constexpr std::size_t people = 4;

struct model {
    std::array<membership, people> is{};
    bool open = true;
    std::string topic;

    bool admin(std::size_t p) const { return p == 0; }
    bool inside(std::size_t p) const { return is[p] == membership::join; }

    bool join(std::size_t p) {
        const bool ok =
            is[p] != membership::ban && (open || is[p] == membership::invite || inside(p));
        return ok && (is[p] = membership::join, true);
    }
    bool leave(std::size_t p) {
        const bool ok = is[p] != membership::none && is[p] != membership::ban;
        return ok && (is[p] = membership::leave, true);
    }
    // Everybody but the creator has power 0; inviting needs 50 in a public_chat.
    bool by_admin(std::size_t p, std::size_t target, membership to) {
        if (!admin(p) || !inside(p) || p == target) {
            return false;
        }
        const membership now = is[target];
        if (to == membership::invite && (now == membership::join || now == membership::ban)) {
            return false;
        }
        return is[target] = to, true;
    }
};

RC_GTEST_PROP(rooms, end_like_the_model, ()) {
    room_bench house;
    std::vector<caller> who;
    for (std::size_t i = 0; i < people; ++i) {
        who.push_back(house.person("p" + std::to_string(i)));
    }
    const auto r = house.create_open(who[0]);
    model m;
    m.is[0] = membership::join;
    const int last = static_cast<int>(people);
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(rc::gen::tuple(
        rc::gen::inRange(0, 8), rc::gen::inRange(0, last), rc::gen::inRange(0, last)));
    for (const auto& [what, a, b] : steps) {
        const auto p = static_cast<std::size_t>(a), t = static_cast<std::size_t>(b);
        bool expected = false, got = false;
        switch (what) {
            case 0:
                expected = m.join(p);
                got = house.join(who[p], r).has_value();
                break;
            case 1:
                expected = m.leave(p);
                got = house.give(who[p], r, who[p], membership::leave).has_value();
                break;
            case 2:
            case 3:
            case 4: {
                const membership to = what == 2   ? membership::invite
                                      : what == 3 ? membership::ban
                                                  : membership::leave;
                if (p == t) {
                    continue;
                }
                expected = m.by_admin(p, t, to);
                got = house.give(who[p], r, who[t], to).has_value();
                break;
            }
            case 5:
                expected = m.inside(p) && m.admin(p);
                if (expected) {
                    m.topic = std::to_string(a * 10 + b);
                }
                got = house.set(who[p], r, "m.room.topic", {{"topic", std::to_string(a * 10 + b)}})
                          .has_value();
                break;
            case 6:
                expected = m.inside(p) && m.admin(p);
                if (expected) {
                    m.open = b % 2 == 0;
                }
                got = house
                          .set(who[p], r, "m.room.join_rules",
                               {{"join_rule", b % 2 == 0 ? "public" : "invite"}})
                          .has_value();
                break;
            default:
                expected = m.inside(p);
                got = house.send(who[p], r, "hello").has_value();
        }
        RC_ASSERT(got == expected);
    }
    room_bench again(house.store);
    for (std::size_t p = 0; p < people; ++p) {
        RC_ASSERT(house.is(who[p], r) == m.is[p]);
        RC_ASSERT(again.is(who[p], r) == m.is[p]);
    }
    RC_ASSERT(house.rooms.is_public(r) == m.open);
    RC_ASSERT(again.rooms.is_public(r) == m.open);
    if (!m.topic.empty()) {
        RC_ASSERT(house.state_content(r, "m.room.topic").at("topic").as_string() == m.topic);
    }
}

}  // namespace
}  // namespace porchlight::homeserver
