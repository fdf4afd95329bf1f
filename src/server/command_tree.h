#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

// The administrator's part of the command line: names, options and help of the commands in
// commands.h, and `serve`.
namespace porchlight::server {

// What the command line says; later entries win over the file, which wins over the defaults.
struct arguments {
    std::string file;
    std::vector<std::pair<std::string, std::string>> keys;
    std::string name, password;
    bool table = false;
};

// Adds the sub-commands to the program's tree. They run while it parses, and leave the exit code in
// `code`; both references outlive the tree. They throw start_error.
void add_commands(CLI::App& app, arguments& a, int& code);

}  // namespace porchlight::server
