#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "matrix/json.h"
#include "matrix/room_version.h"

namespace porchlight::homeserver {

namespace json = boost::json;

// The m.room.power_levels of a room, or what holds where there is none. Pure.
class power_levels {
  public:
    // What holds in a room that has no power levels event: its creator 100, everything else open.
    static power_levels of_creator(std::string creator);
    // bad_json for anything but integers (strings that spell one before room version 10) and for
    // `users` that are no user ids.
    static matrix::outcome<power_levels> parse(const json::object& content,
                                               matrix::room_version version);

    std::int64_t of(std::string_view user_id) const;
    std::int64_t needed_for(std::string_view type, bool is_state) const;
    std::int64_t invite() const { return value(plain::invite, 0); }
    std::int64_t kick() const { return value(plain::kick, 50); }
    std::int64_t ban() const { return value(plain::ban, 50); }
    std::int64_t redact() const { return value(plain::redact, 50); }

    // What an event with @room needs of its sender to notify everybody.
    std::int64_t room_notification() const;

    // Why `sender` may not replace these levels by `next`; none when allowed (room version 10,
    // authorisation rule 9).
    std::optional<std::string> refuses_change(std::string_view sender, const power_levels& next,
                                              matrix::room_version version) const;
    // Those with a level of their own, for finding somebody of enough power.
    const std::map<std::string, std::int64_t, std::less<>>& users() const { return users_; }
    std::int64_t users_default() const { return value(plain::users_default, 0); }
    // Is there an m.room.power_levels at all?
    bool has_event() const { return has_event_; }

  private:
    enum class plain : std::uint8_t {
        users_default,
        events_default,
        state_default,
        ban,
        redact,
        kick,
        invite,
        count
    };
    using level_map = std::map<std::string, std::int64_t, std::less<>>;
    static constexpr std::size_t plain_count = static_cast<std::size_t>(plain::count);
    static const std::array<std::string_view, plain_count> plain_names;

    std::int64_t value(plain p, std::int64_t otherwise) const {
        return plain_[static_cast<std::size_t>(p)].value_or(otherwise);
    }

    std::array<std::optional<std::int64_t>, plain_count> plain_;
    level_map users_, events_, notifications_;
    bool has_event_ = false;
};

}  // namespace porchlight::homeserver
