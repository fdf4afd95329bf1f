#pragma once

#include <stdexcept>

namespace porchlight::net {

// The runtime cannot start; what() is a sentence for the administrator.
struct start_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace porchlight::net
