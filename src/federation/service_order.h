#pragma once

#include <cstddef>
#include <vector>

#include "ports/random.h"
#include "ports/resolver.h"

namespace porchlight::federation {

// The first `most` of the records in the order in which to try them (RFC 2782): the lowest priority
// first, within one drawn by weight. Cost: `most` passes over the records.
std::vector<ports::service_record> order_services(std::vector<ports::service_record> records,
                                                  std::size_t most, ports::random& random);

}  // namespace porchlight::federation
