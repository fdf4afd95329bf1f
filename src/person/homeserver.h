#pragma once

#include <string>
#include <string_view>

#include "person/web.h"

// Where somebody's homeserver is reached.
namespace porchlight::person {

// What stands behind `login`: a user id, or the URL of a server.
struct login_target {
    std::string user_id, url;
};
// Throws failed, with what is allowed, when it is neither.
login_target read_target(const std::string& text);

// As it is kept: http or https, a host, perhaps a port and a path, no slash at the end. Throws
// failed.
std::string checked_url(const std::string& text);

// The base_url in a document of /.well-known/matrix/client. Throws failed, naming `where`.
std::string read_well_known(const std::string& body, const std::string& where);

// By /.well-known/matrix/client of the name, else the name itself over https. Throws failed.
std::string find_homeserver(web& w, const std::string& server_name);
// Throws failed when no Matrix server answers there.
void check_homeserver(web& w, const std::string& url);
// Plain http to another machine?
bool is_open_to_listeners(const std::string& url);

}  // namespace porchlight::person
