#pragma once

#include <string>

#include "command_line/description.h"

// Man pages in roff (man(7)), from the same texts as --help.
namespace porchlight::command_line {

// The page of one command: "porchlight-list(1)"; what is below it is described in the same page,
// but the root's commands only by a line each, as they have pages of their own.
std::string manual_page(const command& root, const command& of, const std::string& version);

// "porchlight-list" for "porchlight list".
std::string page_name(const command& of);

}  // namespace porchlight::command_line
