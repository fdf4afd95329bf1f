#pragma once

#include <span>
#include <string_view>

namespace porchlight::pages {

// One file of web/ as it lies in the program. Static storage, every field.
struct file {
    std::string_view path;  // as in a URL: "/assets/people-1a2b.js"; "/" and "/admin" are documents
    std::string_view content_type;
    std::string_view etag;    // with its quotes, from the plain contents; weak, for all codings
    std::string_view plain;   // the contents
    std::string_view gzip;    // empty: gains nothing
    std::string_view brotli;  // empty: gains nothing
};

// Everything that web/ was built into, sorted by path; empty in a build without it.
std::span<const file> embedded();

}  // namespace porchlight::pages
