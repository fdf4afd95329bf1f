#pragma once

#include <boost/json/serialize.hpp>

#include "homeserver/rooms/history.h"
#include "support/house_bench.h"

// Rooms over a whole house, with short words for what tests do.
namespace porchlight::test {

namespace json = boost::json;
using base::room_key;
using homeserver::caller;
using homeserver::membership;
using homeserver::outcome;
using matrix::errc;

class room_bench : public house_bench {
  public:
    using house_bench::house_bench;

    caller person(const std::string& name) { return sign_up(name).who; }
    outcome<std::string> try_create(caller who, homeserver::create_room wish) {
        return wait<std::string>(
            [&](auto done) { rooms.create(who, std::move(wish), std::move(done)); });
    }
    room_key create(caller who, homeserver::create_room wish = {}) {
        return *rooms.find(try_create(who, std::move(wish)).value());
    }
    room_key create_open(caller who) {
        homeserver::create_room wish;
        wish.preset = "public_chat";
        return create(who, std::move(wish));
    }
    outcome<void> join(caller who, room_key r) {
        return wait<void>([&](auto done) { rooms.join(who, r, {}, std::move(done)); });
    }
    outcome<void> give(caller who, room_key r, caller target, membership to) {
        return wait<void>([&](auto done) {
            rooms.set_membership(who, r, std::string(accounts.user_id(target.user)), to, "",
                                 std::move(done));
        });
    }
    outcome<std::string> send(caller who, room_key r, const std::string& text,
                              const std::string& txn = {}) {
        return wait<std::string>([&](auto done) {
            rooms.send(who, r, "m.room.message", {{"body", text}}, "send", txn, std::move(done));
        });
    }
    outcome<std::string> set(caller who, room_key r, const std::string& type,
                             const json::object& content, const std::string& key = {}) {
        return wait<std::string>(
            [&](auto done) { rooms.set_state(who, r, type, key, content, std::move(done)); });
    }
    outcome<std::string> redact(caller who, room_key r, const std::string& event_id) {
        return wait<std::string>(
            [&](auto done) { rooms.redact(who, r, event_id, "because", {}, {}, std::move(done)); });
    }
    membership is(caller who, room_key r) const { return rooms.membership_of(r, who.user).state; }
    std::vector<ports::event_row> events(room_key r) {
        ports::event_query q;
        q.room = r;
        q.limit = 10'000;
        return store->events(q);
    }
    json::object stored(const std::string& event_id) {
        return matrix::parse_json(store->event(event_id).value().json).value().as_object();
    }
    json::object state_content(room_key r, std::string_view type, std::string_view key = {}) {
        const auto row = store->state_event_at(r, type, key, homeserver::newest_position);
        return matrix::parse_json(row.value().json).value().at("content").as_object();
    }
};

template <class T>
errc code_of(const outcome<T>& r) {
    return r ? errc::unknown : r.error().code;
}

}  // namespace porchlight::test
