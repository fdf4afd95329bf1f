#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

// The command line as plain data. Any thread.
namespace porchlight::command_line {

struct option {
    std::vector<std::string> names;    // "--idle", "-h"; a positional: one, "USER"
    std::string value;                 // what it takes, "FILE"; empty: a flag
    std::vector<std::string> choices;  // the values that are allowed; empty: any
    std::string help;
    bool required = false;
    bool many = false;  // takes several values

    bool takes_file() const { return value == "FILE" || value == "FOLDER"; }
};

struct command {
    std::string name;  // "add"; the root: "porchlight"
    std::string path;  // "porchlight list add"
    std::string help;  // a line
    std::string more;  // paragraphs; lines that begin with four spaces are examples
    std::vector<option> options, positionals;
    std::vector<command> commands;
};

// Of the tree as built; hidden options and commands (without a group) are left out.
command describe(const CLI::App& app, const std::string& above = {});

// The command and all below it, in the tree's order.
std::vector<const command*> all_of(const command& root);

}  // namespace porchlight::command_line
