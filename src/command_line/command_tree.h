#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace porchlight::command_line {

// What `completion` and `man` were asked for; outlives the tree.
struct arguments {
    std::string shell, folder;
    std::vector<std::string> words;
};

// Adds `completion` and `man`. They run while the tree parses, describe the whole of it, and leave
// the exit code in `code`.
void add_commands(CLI::App& app, arguments& a, int& code, const std::string& version);

}  // namespace porchlight::command_line
