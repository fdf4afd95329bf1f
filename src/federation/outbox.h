#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/key.h"
#include "federation/destination.h"
#include "federation/destination_report.h"
#include "federation/peer_requests.h"
#include "federation/settings.h"
#include "homeserver/services.h"

namespace porchlight::federation {

// What the outbox asks of presence when a transaction is about to leave. Deciding thread only.
class presence_source {
  public:
    virtual ~presence_source() = default;
    // The push of the subject for that server as it is now, and in `t` what the server then knows.
    // None: the server may not see the subject, and need not be told so.
    virtual std::optional<json::object> push_of(server_key to, user_key subject, told& t) = 0;
    // The server can be reached again; it may have missed presence. Push and poll what matters.
    virtual void recovered(server_key to) = 0;
};

// What goes to other servers: for each of them a transaction at a time, with whatever there is to
// say when it leaves. Messages of presence lists are durable and wait until they are delivered,
// or until the server was gone for limits::peer_gone_after; of presence the last state wins, and
// what waited for longer than limits::presence_wait_max is left to recovered().
// A server that fails is asked again after 1 s, doubling to 1 h, or when it asks us. See
// docs/federation.md. Deciding thread only.
//
// Invariants: (1) at most one transaction a server is under way, at most
// limits::transactions_at_once in all; (2) a message is not told before the ones to that server
// that came earlier, and is repeated until it is delivered; (3) a push is made, and its permission
// asked for, when it leaves; (4) a subject is at most once in what waits for a server.
class outbox {
  public:
    // Everything outlives the outbox.
    outbox(const settings& c, homeserver::services& s, peer_requests& requests);
    ~outbox();
    void set_source(presence_source& p) { source_ = &p; }

    // The key of a server name; the same as long as this process runs. Not valid:
    // limits::destinations_max are known.
    server_key key(std::string_view server);
    std::optional<server_key> find(std::string_view server) const;
    std::string_view name(server_key k) const;
    std::size_t size() const { return destinations_.size(); }

    // --- what there is to say ---
    void message(const ports::list_message_row& m);         // it was committed
    void push(server_key to, user_key subject);             // something changed
    void answer(server_key to, std::vector<user_key> who);  // a poll, at once, by one push
    void poll(server_key to, std::string user_id);
    void unpoll(server_key to, std::string user_id);
    // Whom the server was told of as not offline.
    std::vector<user_key> shown_to(server_key k) const;
    // The server is to hear no more of the subject, not even an end.
    void forget(server_key to, user_key subject);

    // --- what comes from there ---
    void heard_from(server_key from);     // an authenticated request
    void is_porchlight(server_key from);  // it takes free_for_chat and busy
    bool to_porchlight(server_key to) const;

    // --- time ---
    // Called each second: who is not offline is told again every limits::keep_alive_interval, each
    // subject at its own minute and each server at its own second of it.
    void keep_alive(base::mono_time now);
    // New settings: what waited may go, or go no more.
    void reconsider();

    struct counts {
        std::size_t destinations = 0, failing = 0, messages = 0, pushes = 0, under_way = 0;
    };
    counts statistics() const;
    // How each is doing, by key from `from` on, `most` or fewer.
    std::vector<destination_report> report(std::size_t from, std::size_t most) const;

  private:
    struct transaction;
    destination& at(server_key k) { return *destinations_[k.index()]; }
    void consider(server_key k);
    void wait_until(server_key k, base::mono_time when);
    void start_some();
    bool launch(server_key k);
    static void take_messages(destination& d, transaction& t);
    static void take_polls(destination& d, transaction& t);
    void take_pushes(server_key k, destination& d, transaction& t);
    void add_pushes(server_key k, const std::vector<user_key>& who, bool answers, transaction& t);
    void done(server_key k, const std::shared_ptr<transaction>& t,
              const base::result<peer_answer, peer_failure>& got);
    void succeeded(server_key k, const transaction& t);
    void failed(server_key k, transaction& t, const std::string& why);
    void drop_old(destination& d, base::instant now);
    void remove_row(const ports::list_message_row& m);
    base::milliseconds backoff(unsigned failures);

    const settings& config_;
    homeserver::services& s_;
    peer_requests& requests_;
    presence_source* source_ = nullptr;
    std::vector<std::unique_ptr<destination>> destinations_;
    std::unordered_map<std::string_view, server_key> by_name_;  // views of the destinations' names
    std::deque<server_key> ready_;
    std::size_t under_way_ = 0;
    const std::string transaction_prefix_;
    std::uint64_t next_transaction_ = 0;
};

}  // namespace porchlight::federation
