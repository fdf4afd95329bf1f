#pragma once

#include <string>

namespace porchlight::load {

// A user of the server, as set up.
struct account {
    std::string user_id, token, filter_id;
};

}  // namespace porchlight::load
