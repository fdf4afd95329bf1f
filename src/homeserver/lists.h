#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "homeserver/accounts.h"
#include "homeserver/to_device.h"
#include "presence/consent.h"
#include "presence/visibility.h"

namespace porchlight::homeserver {

// Presence lists with consent: entries, consents, blocks and policies. See docs/presence-lists.md.
// Deciding thread only.
//
// 1. Each call is one transaction: validated whole, durable before its completion succeeds, and
//    with errc::unavailable nothing of it happened.
// 2. Calls that concern the same pair of users wait for each other; others don't.
// 3. Nothing an observer is answered depends on what a subject said, but for the acceptance itself.
// 4. A list may name ids that are no account here. They look like users who have not answered.
class lists {
  public:
    lists(services& s, accounts& a, to_device& mail);
    ~lists();
    void load(ports::store_reader& store, bool clean);  // after accounts; loads the engine too
    // After the engine's ready(): what was not known of the last run is stored, behind the losses
    // that it brought. Without it the next start finds the same again.
    void ready();

    // --- the owner's list ---
    struct change {
        std::vector<std::string> invite{}, drop{};  // user ids
    };
    // invalid_param: one's own id, no user id, too many, or one under two verbs. resource_limit.
    void change_list(caller who, change c, completion<void> done);
    struct entry {
        user_key subject;
        bool accepted = false;  // as the owner may know it
        wall_time invited;
    };
    std::vector<entry> list_of(user_key owner) const;  // by user id

    // --- the subject's answers ---
    struct answer {
        std::vector<std::string> accept{}, deny{}, revoke{}, block{}, unblock{};  // user ids
    };
    void answer_invites(caller who, answer a, completion<void> done);  // fails as change_list
    struct dated {
        user_key user;
        wall_time since;
    };
    struct overview {
        std::vector<dated> incoming, outgoing, observers;
        std::vector<user_key> preapproved, denied, blocked;
    };
    overview overview_of(user_key u) const;  // each by user id

    // --- other servers ---
    enum class word : std::uint8_t { invite, withdraw, accept, deny };
    // What another server says of a pair: invite and withdraw of its observer and a subject here,
    // accept and deny of its subject and an observer here. Two valid user ids, and `done` succeeds
    // when it is durable. What has no sense here is dropped, and succeeds too.
    // REQUIRES: the caller has seen that the server speaks for its own user, the other one is here.
    void hear(word what, std::string observer, std::string subject, completion<void> done);
    // A message to another server was committed, in the order of its position.
    void on_message(base::unique_function<void(const ports::list_message_row&)> f);
    // A view between a user here and one of another server began or ended.
    void on_view(base::unique_function<void(user_key observer, user_key subject, bool began)> f);
    // Views of that kind, as they are.
    void each_view(base::unique_function<void(user_key observer, user_key subject)> each) const;
    // Whom the subject accepted, and whom it blocks; of this server or others, by key.
    std::vector<user_key> observers_of(user_key subject) const;
    std::span<const user_key> blocked_by(user_key subject) const;

    // --- policy ---
    struct policy {
        presence::user_visibility visibility = presence::user_visibility::everyone;
        presence::auto_accept auto_accept = presence::auto_accept::never;
    };
    policy policy_of(user_key u) const;
    void set_policy(caller who, std::optional<presence::user_visibility> visibility,
                    std::optional<presence::auto_accept> auto_accept, completion<void> done);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
