#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeserver/accounts.h"
#include "matrix/json.h"

namespace porchlight::homeserver {

namespace json = boost::json;
using ports::membership;

struct create_room {
    std::string preset;  // private_chat, trusted_private_chat, public_chat; empty: by visibility
    std::string visibility;  // public, private
    std::string room_alias_name, name, topic, room_version;
    bool is_direct = false;
    std::vector<std::string> invite;
    json::array initial_state;
    json::object creation_content, power_level_content_override;
};

// A user's relation to a room, as sync plans need it.
struct membership_info {
    room_key room;
    membership state = membership::none;
    // Of the event that made it so; a new name or picture of a joined member doesn't count.
    std::uint64_t position = 0;
    bool forgotten = false;
};

// Who is in a room, as its summary in /sync tells one reader.
struct room_population {
    std::size_t joined = 0, invited = 0;
    // User ids of the first five others who are joined or invited; where there are none, of those
    // who were.
    std::vector<std::string> heroes;
};

enum class history_visibility : std::uint8_t { world_readable, shared, invited, joined };

// Rooms: real events of room versions 1 to 11 in one linear history, authorised by the
// specification's rules, stored before they are seen. Deciding thread only. A room has one queue: a
// state change waits for the one before it; plain messages don't wait for each other. Failures:
// not_found, forbidden (the rule that refused is named), bad_json, too_large, unavailable...
class rooms {
  public:
    rooms(services& s, accounts& a);
    ~rooms();
    void load(ports::store_reader& store);

    // --- changes: each completion runs after the commit was applied ---
    void create(caller who, create_room wish, completion<std::string> done);  // room id
    void send(caller who, room_key r, std::string type, json::object content, std::string txn_kind,
              std::string txn_id, completion<std::string> done);  // event id; same txn: same id
    void set_state(caller who, room_key r, std::string type, std::string state_key,
                   json::object content, completion<std::string> done);
    // `content` goes into the member event; membership and profile are filled in. Joining again
    // succeeds and changes nothing.
    void join(caller who, room_key r, json::object content, completion<void> done);
    // invite, leave (kick or unban when another's), ban, knock: `target` gets `to`. Leaving a room
    // one has left already succeeds and changes nothing.
    void set_membership(caller who, room_key r, std::string target_id, membership to,
                        std::string reason, completion<void> done);
    void forget(caller who, room_key r, completion<void> done);
    void redact(caller who, room_key r, std::string event_id, std::string reason,
                std::string txn_kind, std::string txn_id, completion<std::string> done);
    // New member events in all joined rooms, some rooms a turn.
    void profile_changed(user_key u);
    void leave_all(user_key u);  // deactivation

    // --- names ---
    std::optional<room_key> find(std::string_view room_id) const;
    std::string_view room_id(room_key r) const;
    std::string_view version(room_key r) const;
    std::optional<room_key> by_alias(std::string_view alias) const;
    void add_alias(caller who, std::string alias, room_key r, completion<void> done);
    void remove_alias(caller who, std::string alias, completion<void> done);
    std::vector<std::string> aliases(room_key r) const;
    // Rooms anybody may join. Only those are shown in the public directory whose creator wished it:
    // who have a meta row of this name.
    std::vector<room_key> public_rooms() const;
    static std::string listed_name(room_key r);

    // --- looking (live state) ---
    membership_info membership_of(room_key r, user_key u) const;
    std::vector<membership_info> rooms_of(user_key u) const;  // forgotten ones left out
    std::uint64_t last_position(room_key r) const;            // of the newest event
    // Of anything /sync shows of rooms to `u` (events in joined rooms, own membership changes).
    std::uint64_t news_position(user_key u) const;
    history_visibility visibility(room_key r) const;
    bool is_public(room_key r) const;
    // Members in one state, by user key.
    std::vector<user_key> members(room_key r, membership state = membership::join) const;
    std::size_t joined_count(room_key r) const;
    room_population population(room_key r, user_key reader) const;
    // Everybody who ever had a membership there, by user key, with the position of the present one.
    struct member_info {
        user_key user;
        membership state = membership::none;
        std::uint64_t position = 0;
    };
    void each_member(room_key r, const std::function<void(const member_info&)>& each) const;
    // Of the newest change of anybody's membership.
    std::uint64_t members_position(room_key r) const;
    // Is there a room that both joined? Cost: O(rooms of both).
    bool share_room(user_key a, user_key b) const;
    // May `u` see the room at all right now (joined, invited where allowed, world readable)?
    bool may_read(room_key r, user_key u) const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

// May a user whose membership history in the room is `now` (and at the event: `then`) see an event
// sent while the room's visibility was `at_event`? Specification 8.5 (history visibility). Pure.
bool visible_event(history_visibility at_event, membership then, membership now);

}  // namespace porchlight::homeserver
