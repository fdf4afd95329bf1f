#include "engine/impl.h"

namespace porchlight::engine {

std::optional<presence::view> engine::look_in(room_key r, user_key subject, instant now) const {
    const auto& rooms = impl_->rooms_;
    if (!r.valid() || r.index() >= rooms.size() || !rooms[r.index()].counts ||
        !rooms[r.index()].has(subject)) {
        return std::nullopt;
    }
    return impl_->shown_to_others(subject, now);
}

}  // namespace porchlight::engine
