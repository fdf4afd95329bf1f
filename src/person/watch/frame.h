#pragma once

#include <string>
#include <vector>

#include "person/watch/session.h"

namespace porchlight::person {

struct screen_size {
    std::size_t columns = 80, rows = 24;
};

// The table as it fills a screen: at most size.rows lines, none wider than size.columns. With
// colours each line ends with the usual ones.
std::vector<std::string> frame(const session& s, base::instant now, screen_size size, bool colours);

// "12:03:59", local time.
std::string clock_words(base::wall_time t);

}  // namespace porchlight::person
