#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"

// How one line of the log looks, without its time (which the writer sets before it). Pure.
namespace porchlight::base::log {

std::string_view name_of(level l);

// `info net: listening address=127.0.0.1:8008 note="two words"`. Never holds a control character:
// they are written \n, \t, \xNN, so that one line is one line and no terminal obeys it.
std::string text_line(level l, std::string_view area, std::string_view message,
                      std::span<const field> fields);

// `"level":"info","area":"net","message":"listening","address":"127.0.0.1:8008"}`: the rest of a
// JSON object that the writer has begun with its time. Always valid UTF-8: what isn't is replaced
// by U+FFFD. Values are strings.
std::string json_line(level l, std::string_view area, std::string_view message,
                      std::span<const field> fields);

}  // namespace porchlight::base::log
