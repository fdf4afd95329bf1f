#pragma once

#include <string>
#include <vector>

#include "person/commands.h"
#include "person/watch/watch.h"

namespace CLI {
class App;
}

// The part of the command line by which a person speaks to a server.
namespace porchlight::person {

// What was given; outlives the tree.
struct arguments {
    std::string credentials;
    std::vector<std::string> users;
    login_options login;
    status_change status;
    watch_options watch;
    std::string text, visibility, auto_accept;
    bool as_json = false, forget = false;
};

// Adds the commands. They run while the tree parses, leave the exit code in `code`, and throw
// failed.
void add_commands(CLI::App& app, arguments& a, int& code);

}  // namespace porchlight::person
