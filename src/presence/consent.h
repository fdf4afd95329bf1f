#pragma once

#include <cstdint>

// Presence lists: who asked to see whom, and what the asked one said to it. Two halves, as two
// servers keep them: the *entry* on the observer's list and the *consent* of the subject. Each is a
// table of states and inputs; docs/presence-lists.md has them drawn. Pure.
//
// The halves talk by four messages: invite and withdraw from the observer's side, accept and deny
// from the subject's. REQUIRES: the messages of one direction arrive in order and at least once; a
// repetition comes before the next message. A message that did not arrive yet may be left out once
// there is a newer one. Then, whatever happens between the directions, once all messages have
// arrived the entry is accepted exactly if the consent is.
//
// Invariants: (1) an observer's own inputs alone never make an accepted consent out of one that was
// not accepted or preapproved; (2) denied and barred are left only by the subject's accept.
namespace porchlight::presence {

// --- the observer's half ---

enum class entry_state : std::uint8_t {
    none,      // not on the list
    pending,   // asked; also after a deny or a revocation, which look the same to the observer
    accepted,  // may see the subject
};

enum class entry_input : std::uint8_t {
    invite,  // the owner puts the subject on the list
    drop,    // ... and takes them off
    accept,  // message of the subject's server
    deny,    // message of the subject's server: denied or revoked
};

enum class entry_message : std::uint8_t { none, invite, withdraw };

struct entry_step {
    entry_state to = entry_state::none;
    entry_message send = entry_message::none;  // to the subject's server
    bool tell = false;                         // the owner's clients hear of the acceptance
    friend bool operator==(const entry_step&, const entry_step&) = default;
};

entry_step next(entry_state s, entry_input i);

// --- the subject's half ---

enum class consent_state : std::uint8_t {
    none,
    invited,      // asked; the subject has not answered
    accepted,     // the observer may see the subject
    preapproved,  // not asked yet; an invite will be accepted at once
    denied,       // asked, and denied or revoked; new invites stay silent
    barred,       // as denied, but the observer does not ask any more (or never did)
};

enum class consent_input : std::uint8_t {
    invite,    // message of the observer's server
    withdraw,  // message of the observer's server: dropped from the list
    accept,    // the subject: yes; without an invite a pre-approval
    deny,      // the subject: no
    revoke,    // the subject: no longer, of a view or of a pre-approval
};

enum class consent_message : std::uint8_t { none, accept, deny };

struct consent_step {
    consent_state to = consent_state::none;
    consent_message send = consent_message::none;  // to the observer's server
    bool tell = false;                             // the subject's clients hear of the invite
    friend bool operator==(const consent_step&, const consent_step&) = default;
};

consent_step next(consent_state s, consent_input i);

// Whose invites are accepted without asking. It acts as a pre-approval at the moment of an invite,
// and on consent_state::none only: what the subject said of somebody beats it.
enum class auto_accept : std::uint8_t {
    never,
    contacts,  // whom the subject invited or accepted
    same_server,
    everyone,
};

struct inviter {
    bool contact = false;
    bool same_server = false;
};

bool accepts_by_itself(auto_accept policy, const inviter& who);

}  // namespace porchlight::presence
