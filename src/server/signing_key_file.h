#pragma once

#include <string>

#include "matrix/signing.h"
#include "ports/random.h"

namespace porchlight::server {

// The server's signing key, "ed25519 VERSION SEED" on the first line of the file. A file that is
// not there is made, for the owner alone, and synced to disk: another key would be another server
// to everybody else. Throws start_error.
matrix::signing_key load_signing_key(const std::string& path, ports::random& random);

}  // namespace porchlight::server
