#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"

// A scenario: a rule of presence, told as what people do and what others see. README.md here has
// the grammar. All times are scenario times; a harness may run them faster.
namespace porchlight::scenarios {

using base::milliseconds;

// "alice/phone". Without a device: the one the user synced with first, or any when there is none.
struct actor {
    std::string user;
    std::string device;
    friend bool operator==(const actor&, const actor&) = default;
};

struct room {
    std::string name;
    std::vector<std::string> members;
    bool is_public = false;
};

// What is so before time 0. Nobody in it has been active or has synced.
struct setup {
    milliseconds idle_timeout = std::chrono::minutes{5};
    milliseconds grace = std::chrono::seconds{30};
    milliseconds active_window = std::chrono::seconds{60};
    std::string rooms_policy = "all";
    std::uint32_t room_members_max = 0;
    std::vector<std::string> users;  // the members of rooms too
    std::vector<room> rooms;
};

namespace step {

struct syncs {  // opens a stream and keeps polling; a stream open already goes on with the new `as`
    actor who;
    std::optional<std::string> as;  // set_presence
};
struct polls {  // once, answered at once
    actor who;
    std::optional<std::string> as;
};
struct stops_syncing {  // its connection vanishes
    actor who;
};
struct puts {
    actor who;
    std::string state;
    std::optional<std::string> text{};
    std::optional<milliseconds> expires_in{};
    bool unhide = false;
};
enum class deed { message, typing, receipt };
struct does {
    actor who;
    deed what;
};
struct logs_in {
    actor who;
};
struct logs_out {
    actor who;
};
struct is_deactivated {
    std::string user;
};
struct joins {
    actor who;
    std::string room;
};
struct leaves {
    actor who;
    std::string room;
};
struct kicks {
    actor who;
    std::string user, room;
};
struct makes_room {
    actor who;
    std::string room;
    bool is_public;
};
struct server_restarts {
    bool killed;
};
// At run time, by a reload of the configuration. One of the two.
struct settings_change {
    std::optional<std::string> rooms_policy{};
    std::optional<bool> presence{};  // off: everybody is offline
};
// What an owner does to one's list, and what the one on it says to that.
enum class list_verb { invite, drop, accept, deny, revoke, block, unblock };
struct changes_lists {
    actor who;
    list_verb verb;
    std::string whom;
};
// One of the two, in the protocol's words.
struct sets_policy {
    actor who;
    std::optional<std::string> visibility{};   // everyone, lists_only, nobody
    std::optional<std::string> auto_accept{};  // never, contacts, same_server, everyone
};
// Fields not given are not looked at. No `state`: the subject is not to be seen (404).
struct sees {
    std::string observer, subject;
    std::optional<std::string> state{};
    std::optional<std::string> text{};  // "": none
    std::optional<bool> currently_active{};
    std::optional<milliseconds> active_ago{};
    bool never_active = false;
};
// The last event about the subject that reached the observer's device. No `state`: there was none.
struct heard {
    actor observer;
    sees what;
};
// Events since the last such line about the same subject (no subject: about all others).
struct gets_events {
    actor observer;
    std::optional<std::string> subject{};
    std::size_t count = 0;
};

// What the owner finds on the own list. Not accepted: the subject is to look like anybody else who
// has not accepted, whatever `shown` says.
struct finds_listed {
    sees shown;
    std::optional<bool> accepted{};  // none: the subject is not there
};
// What users find among what they were asked and have said.
enum class answer { invited, observer, preapproved, denied, blocked };
struct finds_answer {
    std::string who, whom;
    answer what;
    bool there = true;
};
// To the devices, beside presence: somebody invites the user, or has accepted an invite.
enum class notice { invite, acceptance };
// Notices since the last such line about the same.
struct is_told {
    actor who;
    notice what;
    std::string by;
    std::size_t count = 0;
};

}  // namespace step

using any_step =
    std::variant<step::syncs, step::polls, step::stops_syncing, step::puts, step::does,
                 step::logs_in, step::logs_out, step::is_deactivated, step::joins, step::leaves,
                 step::kicks, step::makes_room, step::server_restarts, step::settings_change,
                 step::changes_lists, step::sets_policy, step::sees, step::heard, step::gets_events,
                 step::finds_listed, step::finds_answer, step::is_told>;

struct line {
    std::size_t number = 0;
    std::string text;
    milliseconds at{0};
    any_step what;
};

struct scenario {
    std::string file;
    std::vector<std::string> only;  // harnesses that can run it; empty: all
    setup given;
    std::vector<line> lines;
};

// "FILE:LINE: what is wrong, and what is allowed".
struct scenario_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Both throw scenario_error.
scenario parse(std::string_view text, const std::string& file);
scenario load(const std::filesystem::path& file);
// Every .scn file below, sorted.
std::vector<std::filesystem::path> scenario_files(const std::filesystem::path& folder);

}  // namespace porchlight::scenarios
