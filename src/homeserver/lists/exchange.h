#pragma once

#include "homeserver/lists/list_table.h"

namespace porchlight::homeserver {

// Where a half of a pair is kept.
enum class place : std::uint8_t {
    here,       // an id of this server that has not been deactivated; it need not be registered
    elsewhere,  // of another server
    nowhere,    // deactivated: nothing is said to it, as to who never was
};

// What decides about a pair beside its two halves.
struct pair_facts {
    place observer = place::here;
    place subject = place::here;
    bool swallows = false;  // the subject blocks the observer, or takes no more invites
    bool accepts = false;   // the subject's auto-accept lets this observer in
};

// One pair within one transaction: what a user or another server says to one half, and what the
// halves then say to each other. Messages between two users of this server are handed over at once;
// one for another server is what the transaction has to send. Pure.
class exchange {
  public:
    exchange(const entry_half& e, const consent_half& c, const pair_facts& f, wall_time now)
        : entry_(e), consent_(c), facts_(f), now_(now) {}

    void observer_says(presence::entry_input i);   // invite, drop
    void subject_says(presence::consent_input i);  // accept, deny, revoke
    // Messages of the other half's server.
    void observers_server_says(presence::entry_message m);
    void subjects_server_says(presence::consent_message m);

    const entry_half& entry() const { return entry_; }
    const consent_half& consent() const { return consent_; }
    bool notice() const { return notice_; }      // the subject's clients are told of the invite
    bool accepted() const { return accepted_; }  // the observer's clients, of the acceptance
    // What is to be sent to the other half's server; none: nothing.
    presence::entry_message to_subjects_server() const { return to_subject_; }
    presence::consent_message to_observers_server() const { return to_observer_; }

  private:
    void hear(presence::entry_input i);
    void hear(presence::consent_input i);
    void send(presence::entry_message m);    // to the subject's server
    void send(presence::consent_message m);  // to the observer's server

    entry_half entry_;
    consent_half consent_;
    const pair_facts facts_;
    const wall_time now_;
    bool notice_ = false;
    bool accepted_ = false;
    presence::entry_message to_subject_ = presence::entry_message::none;
    presence::consent_message to_observer_ = presence::consent_message::none;
};

}  // namespace porchlight::homeserver
