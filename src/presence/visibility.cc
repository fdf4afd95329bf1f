#include "presence/visibility.h"

namespace porchlight::presence {

bool size_allows(const room_rules& r, std::uint32_t members, bool before) {
    if (r.members_max == 0) {
        return true;
    }
    const std::uint64_t tenths = std::uint64_t{members} * 10;
    return tenths <= std::uint64_t{r.members_max} * (before ? 10 : 9);
}

bool room_counts(const room_rules& r, const room_facts& f) {
    if (f.excluded || !f.size_allows) {
        return false;
    }
    switch (r.rooms) {
        case rooms_policy::all:
            return true;
        case rooms_policy::not_public:
            return !f.is_public;
        case rooms_policy::none:
            return false;
    }
    return false;
}

sight sight_of(const reasons& r, user_visibility subject) {
    if (r.self) {
        return sight::full;
    }
    const bool room = r.room && subject == user_visibility::everyone;
    const bool list = r.accepted && subject != user_visibility::nobody;
    if (!room && !list) {
        return sight::none;
    }
    return r.blocked ? sight::frozen : sight::full;
}

}  // namespace porchlight::presence
