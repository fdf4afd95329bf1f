#pragma once

#include <functional>
#include <string>

// Who this program is, on which server: one file, one account.
namespace porchlight::person {

struct credentials {
    std::string homeserver;  // "https://matrix.porch.test", without a slash at the end
    std::string user_id, device_id, access_token;
};

// Reads the environment, as std::getenv does.
using environment = std::function<const char*(const char*)>;

// `given` (--credentials), else PORCHLIGHT_CREDENTIALS, else credentials.json in
// $XDG_CONFIG_HOME/porchlight or ~/.config/porchlight. Throws failed when there is no home.
std::string credentials_path(const std::string& given, const environment& env);

// Throws failed: no such file, one that others may read, that belongs to somebody else, that isn't
// what save() writes.
credentials load_credentials(const std::string& path);
bool credentials_exist(const std::string& path);

// Mode 0600 from the first byte on, replaced as a whole; folders that are missing are made with
// 0700.
void save_credentials(const std::string& path, const credentials& c);
void remove_credentials(const std::string& path);

}  // namespace porchlight::person
