#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace porchlight::matrix {

// One of the room versions 1 to 11, and what differs between them as far as rooms of one server
// show it. State resolution, signatures and the order of hashes between servers differ as well, but
// nothing of that is reached without federation.
class room_version {
  public:
    // The exact names "1" to "11"; none for everything else.
    static std::optional<room_version> parse(std::string_view text);
    // All names, ascending.
    static std::span<const std::string_view> all();

    constexpr int number() const { return number_; }
    std::string_view name() const { return all()[static_cast<std::size_t>(number_) - 1]; }
    // Ids are hashes of the event; before, "$" + letters + ":" + server, chosen by the sender.
    constexpr bool hashed_ids() const { return number_ >= 3; }
    constexpr bool url_safe_ids() const { return number_ >= 4; }
    // m.room.aliases is authorised by the server its state key names, and survives redaction.
    constexpr bool alias_events() const { return number_ <= 5; }
    constexpr bool notification_levels() const { return number_ >= 6; }
    constexpr bool knocking() const { return number_ >= 7; }
    constexpr bool restricted_joins() const { return number_ >= 8; }
    constexpr bool knock_restricted() const { return number_ >= 10; }
    // Before, a string that spells an integer is a power level as well.
    constexpr bool integer_levels_only() const { return number_ >= 10; }
    // m.room.create names the creator; later its sender is the creator.
    constexpr bool creator_in_content() const { return number_ <= 10; }
    // A redaction names its event in `content`; before, beside it.
    constexpr bool redacts_in_content() const { return number_ >= 11; }

    constexpr bool operator==(const room_version&) const = default;
    // The default where a test does not care.
    static constexpr room_version ten() { return room_version{10}; }

  private:
    constexpr explicit room_version(int number) : number_(number) {}
    int number_;
};

}  // namespace porchlight::matrix
