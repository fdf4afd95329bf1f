#pragma once

#include <string_view>

// Which addresses a name that somebody else chose may lead to. Without this, anybody who can have
// this server look up a name could have it talk to the machines beside it.
namespace porchlight::federation {

// False of everything that is no address of the public Internet: loopback, private and link-local
// networks, multicast, what is set aside for other uses, an IPv6 address that stands for such an
// IPv4 address, and whatever is no address in text as inet_pton reads it (so no zone, no "127.1").
// Any thread. Cost: one parse, some 20 comparisons, no allocation.
bool is_public_address(std::string_view ip_text);

}  // namespace porchlight::federation
