#pragma once

#include <string>

#include "base/unique_function.h"

namespace porchlight::server {

// The first line of a file that holds a secret. A file that is not there is made with what `fresh`
// returns, for the owner alone (0600), and synced to disk; `made` then says so. Throws start_error;
// `key` is the configuration key that names the file, for its sentence.
struct secret {
    std::string line;
    bool made = false;
};
secret load_secret(const std::string& key, const std::string& path,
                   base::unique_function<std::string()> fresh);

// Throws start_error when others than its owner may read the file.
void check_only_owner_reads(const std::string& key, const std::string& path);

}  // namespace porchlight::server
