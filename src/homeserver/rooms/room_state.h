#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "homeserver/rooms.h"
#include "homeserver/rooms/authorization.h"

namespace porchlight::homeserver {

// The current state of one room: which event holds each (type, state key), and what the rules need
// of their contents. No contents otherwise. Deciding thread only.
class room_state {
  public:
    explicit room_state(matrix::room_version version) { rules_.version = version; }

    // A state event took its place. Members' memberships are room_table's.
    void apply(const ports::event_row& event, const json::object& content);
    // Event id; null: no such state (or a member not yet looked up).
    const std::string* find(std::string_view type, std::string_view state_key) const;
    // A member event read from the store.
    void know_member(std::string user_id, std::string event_id);

    const room_rules& rules() const { return rules_; }
    matrix::room_version version() const { return rules_.version; }
    history_visibility visibility() const { return visibility_; }
    bool is_public() const { return rules_.joining == join_rule::open; }
    std::size_t size() const { return events_.size(); }
    // Event ids, as auth_events of the next event select them (server-server API, "Auth events
    // selection"). `target`: of a member event that becomes `to`, vouched for by `voucher` if any.
    std::vector<std::string> authorising(std::string_view sender) const;
    std::vector<std::string> authorising(std::string_view sender, std::string_view target,
                                         membership to, std::string_view voucher = {}) const;

  private:
    using place = std::pair<std::string, std::string>;
    struct by_place {
        using is_transparent = void;
        using view = std::pair<std::string_view, std::string_view>;
        static view look(const place& p) { return {p.first, p.second}; }
        static view look(const view& v) { return v; }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return look(a) < look(b);
        }
    };
    void add(std::vector<std::string>& to, std::string_view type, std::string_view key) const;

    std::map<place, std::string, by_place> events_;
    room_rules rules_;
    history_visibility visibility_ = history_visibility::shared;
};

}  // namespace porchlight::homeserver
