#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/surroundings.h"
#include "matrix/json.h"

namespace porchlight::admin {

namespace json = boost::json;
using matrix::errc;
using matrix::fail;
using matrix::outcome;

using reply = base::unique_function<void(outcome<json::object>)>;

// One request on the deciding thread, its token found good. `answer` is called once.
struct request {
    surroundings& server;
    std::vector<std::string> params;                         // path parameters, decoded
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    reply answer;

    base::instant now() const { return server.services.clock.now(); }
    std::string_view parameter(std::string_view name) const;  // empty: absent
    // A whole number from 0; `fallback` when absent, capped at limits::admin_page_max by the
    // caller. invalid_param.
    outcome<std::size_t> number(std::string_view name, std::size_t fallback) const;
    // The user that a path names. not_found, invalid_param.
    outcome<base::user_key> user(const std::string& id) const;
};

// The endpoints.
void overview(request r);
void destinations(request r);
void find_users(request r);
void explain_presence(request r);
void devices(request r);
void end_device(request r);

// Adds unix milliseconds where there is a moment.
void put_time(json::object& o, std::string_view key, const std::optional<base::wall_time>& t);

}  // namespace porchlight::admin
