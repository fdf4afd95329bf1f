#pragma once

#include <string>

namespace porchlight::person {

// One line of standard input; on a terminal the prompt is shown on standard error. Throws failed
// when the input is over.
std::string ask_line(const std::string& prompt);
// The same without echo, which is switched on again whatever ends the question.
std::string ask_password(const std::string& prompt);

}  // namespace porchlight::person
