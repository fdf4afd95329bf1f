#pragma once

#include <string>

#include "command_line/description.h"

// Completion scripts, each to be sourced or put where the shell looks for them. They complete
// sub-commands, options, values out of a fixed set, and files where a file is meant.
namespace porchlight::command_line {

std::string bash_completion(const command& root);
std::string zsh_completion(const command& root);
std::string fish_completion(const command& root);

}  // namespace porchlight::command_line
