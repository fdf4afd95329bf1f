#pragma once

#include <string>

namespace porchlight::person {

// Thrown by a command that can't go on: a sentence for standard error (without a full stop); the
// program then ends with 1.
struct failed {
    std::string message;
};

// The server no longer knows the access token.
struct logged_out : failed {};

}  // namespace porchlight::person
