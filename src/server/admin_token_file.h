#pragma once

#include <string>

#include "ports/random.h"

namespace porchlight::server {

// What opens the admin API, on the first line of the file; 256 random bits in a file made for the
// owner alone when there is none. Throws start_error: one that others may read is refused.
std::string load_admin_token(const std::string& path, ports::random& random);

}  // namespace porchlight::server
