#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/key.h"
#include "base/time.h"
#include "engine/rooms.h"

// Who may see whom beside rooms: acceptances on presence lists, and blocks. Deciding thread only.
namespace porchlight::engine {

// What an observer sees of a subject who blocks them: offline, and of the rest what was so then.
struct frozen_view {
    std::string text;  // empty: none
    std::optional<base::wall_time> last_active;
};

// Whom each subject accepted: a room with one speaker. Live as in member_list.
// Cost: about 16 bytes an acceptance, and 130 for each subject and observer that has one.
class acceptances {
  public:
    // Null: the subject accepted nobody.
    const member_list* observers_of(user_key subject) const;
    // Ascending.
    std::span<const user_key> subjects_of(user_key observer) const;
    // P at which it began; none: not accepted.
    std::optional<std::uint64_t> since(user_key observer, user_key subject) const;
    bool add(user_key observer, user_key subject, std::uint64_t position, bool is_live);
    bool remove(user_key observer, user_key subject);
    void set_live(user_key observer, bool on);
    void shrink();

  private:
    boost::unordered_flat_map<std::uint32_t, member_list> by_subject_;
    boost::unordered_flat_map<std::uint32_t, std::vector<user_key>> by_observer_;
};

// Who is blocked by whom.
class blocks {
  public:
    struct block {
        user_key subject;
        std::uint64_t position = 0;  // P from which it shows what it shows
        frozen_view shows;
    };

    // Those who block the observer, by subject.
    std::span<const block> of(user_key observer) const;
    const block* find(user_key observer, user_key subject) const;  // null: none
    bool add(user_key observer, block b);  // false: was there, and stays as it is
    bool remove(user_key observer, user_key subject);
    // What the block shows came into sight at `position`. Nothing happens where there is none.
    void shown_since(user_key observer, user_key subject, std::uint64_t position);

  private:
    boost::unordered_flat_map<std::uint32_t, std::vector<block>> by_observer_;
};

}  // namespace porchlight::engine
