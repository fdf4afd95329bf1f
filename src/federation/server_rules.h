#pragma once

#include <string_view>

#include "federation/settings.h"

namespace porchlight::federation {

// Does `text` match `pattern`, in which * stands for any characters, none too, and ? for one?
// Upper and lower case are the same, as in names of the Internet.
// Cost: O(text * stars) at most.
bool matches_glob(std::string_view pattern, std::string_view text);

// May this server talk with `server`? By the lists alone, not by the switches.
bool allows(const settings& s, std::string_view server);

}  // namespace porchlight::federation
