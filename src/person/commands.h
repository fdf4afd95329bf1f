#pragma once

#include <optional>
#include <string>
#include <vector>

// What a person does on a server, any Matrix server. Each prints for people, or JSON for programs,
// returns the exit code, and throws failed.
namespace porchlight::person {

struct login_options {
    std::string credentials;  // the file
    std::string target;       // "@you:porch.test" or a URL; empty: who is in the file
    std::string server;       // --server: a URL
    std::string user;         // --user, with a URL as the target
};
int login(const login_options& o);
int logout(const std::string& credentials_file, bool forget);
int whoami(const std::string& credentials_file, bool as_json);

int status_get(const std::string& credentials_file, const std::vector<std::string>& users,
               bool as_json);
struct status_change {
    std::string state;                // empty: stays
    std::optional<std::string> text;  // "": cleared
    std::string expires;              // "2h"
    bool unhide = false;
};
int status_set(const std::string& credentials_file, const status_change& change, bool as_json);

int list_show(const std::string& credentials_file, bool as_json);
// verb: invite or drop (the list), accept, deny, revoke, block, unblock (consent).
int list_change(const std::string& credentials_file, const std::string& verb,
                const std::vector<std::string>& users, bool as_json);
int list_invites(const std::string& credentials_file, bool as_json);
// Empty: stays.
int list_policy(const std::string& credentials_file, const std::string& visibility,
                const std::string& auto_accept, bool as_json);

}  // namespace porchlight::person
