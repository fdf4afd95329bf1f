#pragma once

#include <string>

#include "server/config.h"

// A copy of all that a server keeps, and a server from a copy. Both print for people, return the
// process's exit code and throw start_error. A backup is a folder laid out like a data folder:
// porchlight.db, signing.key and media/uploads.
namespace porchlight::server {

// Copies database, signing key and uploads into the new folder `target`; the server may run and
// serve meanwhile. Everything acknowledged before is in it. It appears whole and synced, or not at
// all. 1: what was copied has faults, which are named; it is there all the same.
int backup(const config& c, const std::string& target);

// Puts the backup `from` where `c` looks for data, media and key, which must hold none yet; an
// existing data folder's owner gets the files. Checks the database first. The first start from it
// counts as one after a power loss. 1: an upload is missing or damaged; all else is there.
int restore(const config& c, const std::string& from);

}  // namespace porchlight::server
