#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matrix/json.h"
#include "presence/state.h"

// The EDU m.presence as servers send it to each other: pushes of states, polls and unpolls
// (specification: server-server API, "Presence", and the module of 2016). Pure.
namespace porchlight::federation {

namespace json = boost::json;

// A key in what Porchlights say, by which they know each other. Other servers pass over it.
inline constexpr std::string_view porchlight_marker = "io.porchlight";

struct push {
    std::string user_id;
    presence::state shown = presence::state::offline;
    bool currently_active = false;
    std::optional<base::milliseconds> active_ago = {};  // none: not said
    std::string text = {};                              // empty: none
    // Of servers that send profiles with pushes; empty: none, absent: not said.
    std::optional<std::string> displayname = {}, avatar_url = {};
};

struct presence_edu {
    std::vector<push> pushes;
    std::vector<std::string> polls, unpolls;  // ids of users of this server
    bool from_porchlight = false;  // the sender takes free_for_chat and busy, and sends profiles
    std::size_t dropped = 0;       // items that made no sense, or were not the sender's to say
};

// What `origin` says to the server `here`. Each item stands for itself: what is wrong with one is
// its own end. More than limits::edu_items_max of a kind are dropped.
presence_edu read_presence(const json::object& content, std::string_view origin,
                           std::string_view here);

// One push. To servers that are not known to take them, free_for_chat and busy are online.
// `now`: for last_active_ago.
struct push_facts {
    std::string_view user_id, displayname, avatar_url;
    const presence::view& view;
    base::wall_time now;
    bool to_porchlight = false;
};
json::object push_json(const push_facts& f);

// {"edu_type": "m.presence", "content": {...}}, with the parts that are not empty.
json::object presence_edu_json(json::array pushes, json::array polls, json::array unpolls);

}  // namespace porchlight::federation
