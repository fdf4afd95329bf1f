#pragma once

#include <string>

#include "person/watch/session.h"

namespace porchlight::person {

// A change as a line without its end; empty when it is nothing that people see.
std::string line_for_people(const change& c, base::instant now);
// As one JSON object; docs/command-line.md says what is in it.
std::string line_for_programs(const change& c, base::instant now);

}  // namespace porchlight::person
