#pragma once

#include <cstdint>

// Who may see whom: the policy alone, without any table. The caller knows the rooms and the lists.
namespace porchlight::presence {

// presence.rooms: which rooms are a reason to see their members. Public: join rule public.
enum class rooms_policy : std::uint8_t { all, not_public, none };

// What a user allows, where it is stricter than the server's policy.
enum class user_visibility : std::uint8_t { everyone, lists_only, nobody };

struct room_rules {
    rooms_policy rooms = rooms_policy::all;
    std::uint32_t members_max = 0;  // 0: no limit
};

struct room_facts {
    bool is_public = false;
    bool excluded = false;    // named on the server's exclude list
    bool size_allows = true;  // as size_allows() said last
};

// Whether a room of so many joined members may count. A room that may counts up to members_max;
// one that grew beyond counts again at nine tenths of it, so that a room at the limit doesn't flip
// with each join. For a room not judged before, `before` is true.
bool size_allows(const room_rules& r, std::uint32_t members, bool before);

// Whether sharing this room is a reason to see each other.
bool room_counts(const room_rules& r, const room_facts& f);

// What an observer has to show for seeing a subject.
struct reasons {
    bool self = false;      // they are the same user
    bool room = false;      // they share a joined room that counts
    bool accepted = false;  // the subject accepted the observer on a presence list
    bool blocked = false;   // the subject blocks the observer
};

enum class sight : std::uint8_t {
    none,    // 404, as for an unknown user
    frozen,  // offline, text and activity as at the moment of the block
    full,
};

sight sight_of(const reasons& r, user_visibility subject);

}  // namespace porchlight::presence
