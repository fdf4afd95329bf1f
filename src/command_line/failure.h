#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace porchlight::command_line {

// What is wrong with a command line, as a sentence: where, what, and what is allowed or who says
// so. For CLI::App::failure_message.
std::string failure_sentence(const CLI::App* app, const CLI::Error& e);

}  // namespace porchlight::command_line
