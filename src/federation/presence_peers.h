#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "federation/outbox.h"
#include "federation/presence_edu.h"
#include "homeserver/accounts.h"
#include "homeserver/lists.h"
#include "ports/directory.h"

namespace porchlight::federation {

// Who elsewhere is told of whom here, and who here sees whom elsewhere. An accepted list entry is a
// subscription by itself, on both sides; rooms are the directory's. Deciding thread only.
//
// Invariants: (1) a server is told of a subject only what one of its users may see at the moment it
// leaves; (2) of a subject elsewhere nothing is kept unless somebody here observes it; (3) a
// subject that was not heard of for limits::remote_stale_after is offline here.
class presence_peers final : public presence_source, public ports::directory::listener {
  public:
    // Everything outlives it. Takes lists::on_view and on_message, and listens to the directory.
    presence_peers(homeserver::services& s, homeserver::accounts& a, homeserver::lists& l,
                   outbox& out, ports::directory& rooms);

    // Start-up, after everything else was loaded: what lists say, and the messages that wait.
    void load(ports::store_reader& store);
    // The engine is ready: whoever is not offline is told of, and everybody observed is polled,
    // over limits::federation_restart_spread.
    void ready();
    // An m.presence EDU of that server, authenticated.
    void take(std::string_view origin, const json::object& content);
    // What others see of a subject changed; any moment, inside engine calls too.
    void shown_changed(user_key subject);
    // Once a second.
    void tick();
    // After the switches changed: all servers are caught up with.
    void reconsider();
    std::size_t observed() const { return observed_.size(); }
    // Users of other servers whom `u` accepted on their presence lists.
    std::size_t observers_of(user_key u) const;

    // presence_source
    std::optional<json::object> push_of(server_key to, user_key subject, told& t) override;
    void recovered(server_key to) override;
    // ports::directory::listener
    void met(std::string_view server, std::span<const user_key> users) override;
    void parted(std::string_view server, user_key user) override;

  private:
    struct remote_observer {
        server_key server;
        user_key user;
        friend auto operator<=>(const remote_observer&, const remote_observer&) = default;
    };
    struct remote_subject {
        server_key server;
        base::mono_time refreshed{};
        bool shows = false;        // not offline
        bool asleep = false;       // unpolled, since nobody looks
        base::mono_time looked{};  // when one of its observers last had a stream
    };

    void view_changed(user_key observer, user_key subject, bool began);
    void observed_from(server_key k, user_key observer, user_key subject, bool began);
    void observes(user_key subject, bool began);
    std::optional<presence::view> seen_from(server_key k, user_key subject) const;
    bool concerns(server_key k, user_key subject) const;
    server_key server_of(user_key u);
    std::string_view server_name_of(user_key u) const;
    void meet(server_key k, std::shared_ptr<const std::vector<user_key>> users, std::size_t from);
    void tell(user_key subject);
    void tell_changed();
    void catch_up(server_key k, bool at_start = false);
    bool take_push(server_key from, const push& p);
    void take_polls(server_key from, const std::vector<std::string>& ids);
    void take_unpolls(server_key from, const std::vector<std::string>& ids);
    void end_stale(base::mono_time now);
    void look_for_observers(base::mono_time now);
    bool is_looked_at(user_key subject) const;
    template <class F>
    void each_server_of(user_key subject, F&& f);

    homeserver::services& s_;
    homeserver::accounts& a_;
    homeserver::lists& l_;
    outbox& out_;
    ports::directory& rooms_;
    boost::unordered_flat_map<std::uint32_t, std::vector<remote_observer>> by_subject_;  // sorted
    boost::unordered_flat_map<std::uint32_t, boost::unordered_flat_set<std::uint32_t>>
        subjects_of_;                                                    // of each server, by lists
    boost::unordered_flat_map<std::uint32_t, remote_subject> observed_;  // by subject
    boost::unordered_flat_map<std::uint32_t, boost::unordered_flat_set<std::uint32_t>>
        observed_of_;  // of each server
    std::set<std::pair<server_key, user_key>> unpolled_;
    std::vector<user_key> changed_;
    boost::unordered_flat_set<std::uint32_t> changed_set_;
    std::uint64_t ticks_ = 0;
};

}  // namespace porchlight::federation
