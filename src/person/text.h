#pragma once

#include <string>
#include <string_view>

// Texts that strangers wrote, on a terminal: nothing in them may move the cursor, change colours or
// turn the writing around, and their width is known. Pure; any thread.
namespace porchlight::person {

// One line: escape sequences, control characters, invisible and direction-changing ones are gone,
// line ends and tabs are spaces; what is no UTF-8 is U+FFFD. At most three marks stay on one
// letter.
std::string cleaned(std::string_view text);

// Columns that a cleaned text takes.
std::size_t width_of(std::string_view text);

// Exactly `columns` wide: cut, with an ellipsis at the end, or filled with spaces.
std::string fitted(std::string_view text, std::size_t columns);
// At most that wide.
std::string shortened(std::string_view text, std::size_t columns);

}  // namespace porchlight::person
