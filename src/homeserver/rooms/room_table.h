#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/room_list.h"
#include "homeserver/rooms.h"

namespace porchlight::homeserver {

struct live_room;

// A user in a room. 16 bytes; one per membership ever had.
struct member_entry {
    user_key user;
    membership state = membership::none;
    bool forgotten = false;
    std::uint64_t position = 0;
};

struct room_record {
    room_record();
    ~room_record();
    room_record(room_record&&) noexcept;

    std::string room_id;  // empty: no such room
    std::string version;
    bool is_public = false;
    std::uint32_t joined = 0;            // members in state join
    std::uint32_t invited = 0;           // members in state invite
    std::uint64_t members_position = 0;  // of the newest change of a membership
    std::vector<user_key> heroes;        // see room_table::heroes
    bool heroes_known = false;
    std::uint64_t last_position = 0;    // 0: not looked up yet
    std::vector<member_entry> members;  // by user
    std::unique_ptr<live_room> live;    // null until first touched
};

inline bool is_present(membership m) {
    return m == membership::join || m == membership::invite;
}
// Those whose membership `counts`, at most `most`, by position.
std::vector<user_key> first_members(const std::vector<member_entry>& members,
                                    bool (*counts)(membership), std::size_t most);
inline constexpr std::size_t heroes_max = 5;  // as the specification says
inline constexpr std::size_t heroes_kept = heroes_max + 1;

// Which rooms, members and aliases there are. Loaded whole at start. Deciding thread only.
class room_table {
  public:
    room_key next_key() const { return room_key{static_cast<std::uint32_t>(rooms_.size())}; }
    room_key reserve();  // a key for a room about to be made; never given again
    void add(room_key r, std::string room_id, std::string version, bool is_public);
    // Start-up: keys below `users` will come.
    void reserve_users(std::uint32_t users) { by_user_.reserve(users); }
    bool exists(room_key r) const;
    // REQUIRES: exists.
    room_record& at(room_key r);
    const room_record& at(room_key r) const;
    std::optional<room_key> find(std::string_view room_id) const;
    std::vector<room_key> public_rooms() const;

    // REQUIRES: exists. Returns the entry as it is now.
    const member_entry& set_member(room_key r, const member_entry& m);
    member_entry member(room_key r, user_key u) const;  // none when unknown
    // The first of those who are joined or invited, by position: one more than a summary names, so
    // that everybody finds enough others. Cost: kept until one of them changes.
    const std::vector<user_key>& heroes(room_key r);
    std::span<const room_key> rooms_of(user_key u) const;  // ascending; until the next change
    std::size_t joined_rooms(user_key u) const;

    struct alias {
        room_key room;
        std::string creator;
    };
    std::map<std::string, alias, std::less<>> aliases;

  private:
    std::deque<room_record> rooms_;  // by key; records never move
    std::unordered_map<std::string_view, room_key> by_id_;
    std::vector<engine::room_list> by_user_;
};

}  // namespace porchlight::homeserver
