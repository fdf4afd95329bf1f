#include <gtest/gtest.h>

#include <random>

#include "homeserver/rooms/authorization.h"

#include "unit/homeserver/room_bench.h"
#include "unit/homeserver/room_reference.h"

// Random lives of rooms of all versions beside the reference: every operation is accepted or
// refused as it says, the whole state is the same afterwards and after a restart, and every user
// sees exactly the events it says, in the one order.
namespace porchlight::homeserver {
namespace {

using test::people;
using test::reference_room;

// How often each operation was accepted and refused over all lives: none may be always the one.
using tally = std::map<std::string, std::array<int, 2>>;

class life {
  public:
    life(unsigned seed, tally& counts)
        : numbers_(seed), counts_(counts), version_(static_cast<int>(seed % 11) + 1) {
        for (std::size_t p = 0; p < people; ++p) {
            who_.push_back(house_.person("p" + std::to_string(p)));
            ids_.emplace_back(house_.accounts.user_id(who_.back().user));
        }
        club_ = house_.create_open(who_[0]);
        create_room wish;
        wish.preset = "public_chat";
        wish.room_version = std::to_string(version_);
        wish.power_level_content_override = {
            {"users", {{ids_[0], 100}, {ids_[1], 75}, {ids_[2], 50}}},
            {"events",
             {{"m.room.power_levels", 50}, {"m.room.history_visibility", 50}, {"locked", 75}}},
            {"invite", 25}};
        r_ = house_.create(who_[0], wish);
        model_ = std::make_unique<reference_room>(version_, ids_);
        for (const auto& row : house_.events(r_)) {
            model_->append(row.type, row.sender, row.state_key,
                           house_.stored(row.event_id).at("content").as_object());
            event_ids_.push_back(row.event_id);
        }
    }

    void step() {
        const std::size_t p = pick(people), t = pick(people);
        switch (pick(22)) {
            case 0:
            case 1:
            case 2:
                return join(p);
            case 3:
                return member(p, p, "leave", "leave");
            case 4:
            case 5:
                return member(p, t, "invite", "invite");
            case 6:
                return member(p, t, "leave", "kick");
            case 7:
                return member(p, t, pick(3) == 0 ? "ban" : "leave", "ban");
            case 8:
                return member(p, p, "knock", "knock");
            case 9:
                return send(p, "m.room.message", {{"body", std::to_string(pick(1000))}});
            case 10:
                return state(p, "m.room.topic", {{"topic", std::to_string(pick(1000))}}, "");
            case 11:
            case 12:
                return levels(p);
            case 13:
                return rule(p);
            case 14:
                return state(p, "m.room.history_visibility",
                             {{"history_visibility",
                               one_of({"joined", "invited", "shared", "world_readable", "odd"})}},
                             "");
            case 15:
            case 16:
                return redact(p);
            case 17:
            case 20:
                return alias(p);
            case 18:
            case 21:
                return odd_state(p, t);
            default:
                return forget(p);
        }
    }

    // The whole room against the model; `again`: as a restart finds it.
    void compare(test::room_bench& house) {
        std::map<reference_room::place, json::object> stored;
        for (const auto& row : house.store->state_at(r_, newest_position, true)) {
            stored[{row.type, *row.state_key}] = content(row);
        }
        EXPECT_EQ(stored, expected_state());
        const auto all = house.events(r_);
        ASSERT_EQ(all.size(), event_ids_.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            ASSERT_EQ(all[i].event_id, event_ids_[i]) << "the order is that of acceptance";
            EXPECT_EQ(content(all[i]), model_->events()[i].content) << all[i].json;
        }
        for (std::size_t p = 0; p < people; ++p) {
            const auto now = model_->membership(ids_[p]);
            EXPECT_EQ(house.is(who_[p], r_), parse_membership(now).value_or(membership::none));
            EXPECT_EQ(visible_to(house, p, all), expected_to(p)) << ids_[p] << " is " << now;
            const auto mine = house.rooms.rooms_of(who_[p].user);
            const bool listed = std::ranges::find(mine, r_, &membership_info::room) != mine.end();
            EXPECT_EQ(listed, !now.empty() && !forgotten_.contains(p));
        }
        EXPECT_EQ(house.rooms.is_public(r_), model_->join_rule() == "public");
        for (const auto& [name, creator] : aliases_) {
            EXPECT_EQ(house.rooms.by_alias(name), r_);
        }
        EXPECT_EQ(house.rooms.aliases(r_).size(), aliases_.size());
    }
    void compare() {
        compare(house_);
        if (!testing::Test::HasFailure()) {
            test::room_bench again(house_.store);
            compare(again);
        }
    }
    int version() const { return version_; }

  private:
    std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(numbers_);
    }
    const char* one_of(std::vector<const char*> of) { return of[pick(of.size())]; }

    static json::object content(const ports::event_row& row) {
        json::object c = matrix::parse_json(row.json).value().at("content").as_object();
        c.erase("join_authorised_via_users_server");  // whoever it is; see join()
        return c;
    }
    std::map<reference_room::place, json::object> expected_state() { return model_->state(); }

    std::vector<std::size_t> expected_to(std::size_t p) const {
        std::vector<std::size_t> seen;
        for (std::size_t i = 0; i < event_ids_.size(); ++i) {
            if (model_->sees(p, i)) {
                seen.push_back(i);
            }
        }
        return seen;
    }
    // By place in the room's order; asserts that both directions and single looks agree.
    std::vector<std::size_t> visible_to(test::room_bench& house, std::size_t p,
                                        std::vector<ports::event_row> all) {
        history_reader reader(*house.store, ids_[p], house.rooms.membership_of(r_, who_[p].user));
        std::vector<std::size_t> seen, alone;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (reader.may_see(all[i])) {
                alone.push_back(i);
            }
        }
        const auto forwards = reader.visible(all);
        std::ranges::reverse(all);
        auto backwards = reader.visible(all);
        std::ranges::reverse(backwards);
        EXPECT_EQ(forwards.size(), backwards.size());
        for (std::size_t i = 0; i < forwards.size(); ++i) {
            EXPECT_EQ(forwards[i].event_id, backwards.at(i).event_id);
            seen.push_back(static_cast<std::size_t>(
                std::ranges::find(event_ids_, forwards[i].event_id) - event_ids_.begin()));
        }
        EXPECT_EQ(seen, alone);
        return seen;
    }

    void judge(const std::string& what, bool expected, bool got) {
        ++counts_[what][got ? 1 : 0];
        EXPECT_EQ(expected, got) << what << ", event " << event_ids_.size();
    }
    // What the server stored last, which the model allowed.
    void appended() {
        const auto row = house_.events(r_).back();
        model_->append(row.type, row.sender, row.state_key, content(row));
        event_ids_.push_back(row.event_id);
    }

    void join(std::size_t p) {
        const bool there = model_->membership(ids_[p]) == "join";
        std::set<std::string> elsewhere;
        if (p % 2 == 1 || p == 0) {  // the odd ones are in the club, and who made it
            if (house_.is(who_[p], club_) != membership::join) {
                ASSERT_TRUE(house_.join(who_[p], club_));
            }
            elsewhere.insert(std::string(house_.rooms.room_id(club_)));
        }
        const bool vouched = model_->may_be_vouched_for(elsewhere);
        const bool expected = there || model_->allows("m.room.member", ids_[p], ids_[p],
                                                      {{"membership", "join"}}, vouched);
        const auto rule = model_->join_rule();
        const bool got = house_.join(who_[p], r_).has_value();
        judge("join", expected, got);
        if (rule == "restricted" || rule == "knock_restricted") {
            judge("join a restricted room", expected, got);
        }
        if (got && !there) {
            forgotten_.erase(p);
            appended();
            EXPECT_EQ(model_->events().back().content, (json::object{{"membership", "join"}}));
        }
    }
    void member(std::size_t p, std::size_t t, const std::string& to, const char* what) {
        const json::object wish{{"membership", to}};
        const bool there = p == t && to == "leave" && model_->membership(ids_[p]) == "leave";
        const bool expected = there || model_->allows("m.room.member", ids_[p], ids_[t], wish);
        const auto before = model_->membership(ids_[t]);
        const bool got =
            house_.give(who_[p], r_, who_[t], parse_membership(to).value()).has_value();
        judge(before == "ban" && to == "leave" ? "unban"
              : p == t && to == "leave"        ? "leave"
                                               : what,
              expected, got);
        if (got && !there) {
            forgotten_.erase(t);
            appended();
            EXPECT_EQ(model_->events().back().content, wish);
        }
    }
    void send(std::size_t p, const std::string& type, const json::object& what) {
        const bool expected = model_->allows(type, ids_[p], std::nullopt, what);
        const auto id = house_.wait<std::string>([&](auto done) {
            house_.rooms.send(who_[p], r_, type, what, "send", "", std::move(done));
        });
        judge(type, expected, id.has_value());
        if (id) {
            appended();
            EXPECT_EQ(model_->events().back().content, what);
        }
    }
    void state(std::size_t p, const std::string& type, const json::object& what,
               const std::string& key, bool also = true) {
        const bool expected = also && model_->allows(type, ids_[p], key, what);
        const bool got = house_.set(who_[p], r_, type, what, key).has_value();
        judge(type + (key.starts_with("@") ? "/@" : ""), expected, got);
        if (got) {
            appended();
            EXPECT_EQ(model_->events().back().content, what);
            EXPECT_EQ(model_->events().back().key, key);
        }
    }
    void levels(std::size_t p) {
        json::object next = *model_->content("m.room.power_levels");
        static const std::vector<json::value> values = {
            0, 0, 25, 50, 50, 75, 100, -10, "50", " 25", "high", 1e300, nullptr};
        const auto change = [&](json::object& in, const std::string& name) {
            if (pick(5) == 0) {
                in.erase(name);
            } else {
                in[name] = values[pick(pick(3) == 0 ? values.size() : 8)];
                if (in[name].is_double()) {
                    in[name] = true;  // no JSON of events has floats
                }
            }
        };
        const auto part = [&](const char* name) -> json::object& {
            if (!next.contains(name)) {
                next[name] = json::object();
            }
            return next[name].as_object();
        };
        switch (pick(4)) {
            case 0:
                change(next, one_of({"ban", "kick", "invite", "redact", "users_default",
                                     "events_default", "state_default"}));
                break;
            case 1:
                change(part("events"), one_of({"m.room.topic", "m.room.message", "locked",
                                               "m.room.redaction", "m.room.join_rules"}));
                break;
            case 2:
                change(part("notifications"), "room");
                break;
            default:
                change(part("users"), ids_[pick(people)]);
        }
        state(p, "m.room.power_levels", next, "");
    }
    void rule(std::size_t p) {
        json::object what{{"join_rule", one_of({"public", "public", "public", "invite", "knock",
                                                "restricted", "knock_restricted", "odd"})}};
        if (pick(2) == 0) {
            what["allow"] = json::array{json::object{{"type", "m.room_membership"},
                                                     {"room_id", house_.rooms.room_id(club_)}}};
        }
        state(p, "m.room.join_rules", what, "");
    }
    void redact(std::size_t p) {
        // Rather a late event: one of those that matter is among them often enough.
        const std::size_t e =
            event_ids_.size() - 1 - pick(std::min<std::size_t>(40, event_ids_.size()));
        const bool expected = model_->allows_redaction(ids_[p], e);
        const bool got = house_.redact(who_[p], r_, event_ids_[e]).has_value();
        judge("redact", expected, got);
        if (got) {
            appended();
            model_->redact(e);
        }
    }
    void alias(std::size_t p) {
        const std::string name = "#a" + std::to_string(pick(3)) + ":porch.test";
        const auto known = aliases_.find(name);
        const bool in = model_->membership(ids_[p]) == "join";
        const auto change = pick(4);
        if (change == 0) {
            const bool expected = in && known == aliases_.end();
            const bool got = house_
                                 .wait<void>([&](auto done) {
                                     house_.rooms.add_alias(who_[p], name, r_, std::move(done));
                                 })
                                 .has_value();
            judge("add an alias", expected, got);
            if (got) {
                aliases_[name] = p;
            }
        } else if (change == 1) {
            const bool mighty =
                in && model_->power(ids_[p]) >= model_->needed("m.room.canonical_alias", true);
            const bool expected = known != aliases_.end() && (known->second == p || mighty);
            const bool got = house_
                                 .wait<void>([&](auto done) {
                                     house_.rooms.remove_alias(who_[p], name, std::move(done));
                                 })
                                 .has_value();
            judge("remove an alias", expected, got);
            if (got) {
                aliases_.erase(name);
            }
        } else {
            state(p, "m.room.canonical_alias", {{"alias", name}}, "", known != aliases_.end());
        }
    }
    void odd_state(std::size_t p, std::size_t t) {
        switch (pick(5)) {
            case 0:
                return state(p, "m.room.create", {}, "");
            case 1:
                return state(p, "own", {{"at", 1}}, ids_[pick(2) == 0 ? p : t]);
            case 2:
                return state(p, "m.room.aliases", {{"aliases", json::array{}}},
                             pick(2) == 0 ? "porch.test" : "other.test");
            case 3:
                return state(p, "m.room.third_party_invite", {{"display_name", "x"}}, "token");
            default:
                return state(p, "locked", {{"at", 2}}, "");
        }
    }
    void forget(std::size_t p) {
        const auto now = model_->membership(ids_[p]);
        const bool expected = now == "leave" || now == "ban";
        const bool got =
            house_.wait<void>([&](auto done) { house_.rooms.forget(who_[p], r_, std::move(done)); })
                .has_value();
        judge("forget", expected, got);
        if (got) {
            forgotten_.insert(p);
        }
    }

    std::mt19937 numbers_;
    tally& counts_;
    int version_;
    test::room_bench house_;
    std::vector<caller> who_;
    std::vector<std::string> ids_;
    room_key club_, r_;
    std::unique_ptr<reference_room> model_;
    std::vector<std::string> event_ids_;
    std::map<std::string, std::size_t> aliases_;  // to who made it
    std::set<std::size_t> forgotten_;
};

TEST(rooms_reference, random_lives_go_as_the_specification_says) {
    constexpr unsigned lives = 660;
    constexpr int steps = 150;
    tally counts;
    for (unsigned seed = 0; seed < lives; ++seed) {
        life one(seed, counts);
        for (int i = 0; i < steps; ++i) {
            one.step();
            ASSERT_FALSE(HasFailure())
                << "seed " << seed << ", step " << i << ", version " << one.version();
        }
        one.compare();
        ASSERT_FALSE(HasFailure()) << "seed " << seed << ", version " << one.version();
    }
    for (const auto& [what, times] : counts) {
        EXPECT_TRUE(times[1] > 20 || what == "m.room.create")
            << what << " was hardly ever accepted";
        EXPECT_GT(times[0], 20) << what << " was hardly ever refused";
        RecordProperty(what,
                       std::to_string(times[1]) + " of " + std::to_string(times[0] + times[1]));
    }
}

}  // namespace
}  // namespace porchlight::homeserver
