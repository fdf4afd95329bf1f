#pragma once

#include <string>

#include "homeserver/services.h"

namespace porchlight::homeserver {

struct remote_profile {
    std::string displayname, avatar_url;  // empty: none
};

// Profiles of users of other servers. Federation implements it. Deciding thread only.
class remote_profiles {
  public:
    virtual ~remote_profiles() = default;
    // not_found; unavailable: the server can't be asked. REQUIRES: a valid id of another server.
    virtual void find(std::string user_id, completion<remote_profile> done) = 0;
};

}  // namespace porchlight::homeserver
