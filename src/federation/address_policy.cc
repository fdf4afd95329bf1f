#include "federation/address_policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/assert.h"

namespace porchlight::federation {

namespace {

using bytes_of_ipv4 = std::array<std::uint8_t, 4>;
using bytes_of_ipv6 = std::array<std::uint8_t, 16>;

struct network {
    const char* first;  // its first address
    unsigned bits;      // how many of them all its addresses share
};

// The registry of special addresses (RFC 6890 and what came later), multicast and class E.
constexpr network refused_ipv4[] = {
    {"0.0.0.0", 8},        // "this network"; 0.0.0.0 itself reaches the own machine
    {"10.0.0.0", 8},       // private, RFC 1918
    {"100.64.0.0", 10},    // shared by a provider's customers (CGNAT), RFC 6598
    {"127.0.0.0", 8},      // loopback
    {"169.254.0.0", 16},   // link-local; clouds answer there with a machine's secrets
    {"172.16.0.0", 12},    // private, RFC 1918
    {"192.0.0.0", 24},     // protocol assignments, RFC 6890
    {"192.0.2.0", 24},     // documentation, TEST-NET-1
    {"192.88.99.0", 24},   // relays of 6to4, given up by RFC 7526
    {"192.168.0.0", 16},   // private, RFC 1918
    {"198.18.0.0", 15},    // benchmarks of network devices, RFC 2544
    {"198.51.100.0", 24},  // documentation, TEST-NET-2
    {"203.0.113.0", 24},   // documentation, TEST-NET-3
    {"224.0.0.0", 4},      // multicast
    {"240.0.0.0", 4},      // reserved, and 255.255.255.255, broadcast
};

// Beside what stands for an IPv4 address. Only 2000::/3 is given out for the public Internet.
constexpr network refused_ipv6[] = {
    {"::", 3},  // unspecified, loopback, IPv4-compatible ::/96, discard 100::/64, and
                // 64:ff9b:1::/48, which a network's own NAT64 translates
    {"2001::",
     23},  // protocol assignments: Teredo 2001::/32 (an IPv4 address of anybody's choice
           // is hidden in it), benchmarks 2001:2::/48, ORCHID 2001:10::/28 and 2001:20::/28
    {"2001:db8::", 32},  // documentation
    {"3fff::", 20},      // documentation, RFC 9637
    {"4000::", 2},       // not given out, and 5f00::/16 of segment routing
    {"8000::", 1},       // unique local fc00::/7, link-local fe80::/10, site-local fec0::/10,
                         // multicast ff00::/8; the rest is not given out
};

// Where an IPv6 address stands for an IPv4 address: that one decides.
struct embedding {
    network where;
    std::size_t offset;  // of the four bytes
};
constexpr embedding embeddings[] = {
    {{"::ffff:0:0", 96}, 12},  // IPv4-mapped: the system connects to the IPv4 address
    {{"64:ff9b::", 96}, 12},   // NAT64, RFC 6052
    {{"2002::", 16}, 2},       // 6to4
};

bool same_bits(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) {
        return false;
    }
    return bits % 8 == 0 || (a[whole] >> (8 - bits % 8)) == (b[whole] >> (8 - bits % 8));
}

template <class Bytes>
bool is_in(const network& n, const Bytes& address) {
    constexpr int family = sizeof(Bytes) == 4 ? AF_INET : AF_INET6;
    Bytes first;
    const bool parsed = inet_pton(family, n.first, first.data()) == 1;
    ASSERT(parsed);
    return same_bits(first, address, n.bits);
}

bool is_public(const bytes_of_ipv4& address) {
    return std::ranges::none_of(refused_ipv4, [&](const network& n) { return is_in(n, address); });
}

bool is_public(const bytes_of_ipv6& address) {
    for (const embedding& e : embeddings) {
        if (is_in(e.where, address)) {
            bytes_of_ipv4 inner;
            std::copy_n(address.begin() + e.offset, inner.size(), inner.begin());
            return is_public(inner);
        }
    }
    return std::ranges::none_of(refused_ipv6, [&](const network& n) { return is_in(n, address); });
}

}  // namespace

bool is_public_address(std::string_view ip_text) {
    char text[INET6_ADDRSTRLEN] = {};  // inet_pton wants an end; what doesn't fit is no address
    if (ip_text.size() >= sizeof text || ip_text.find('\0') != std::string_view::npos) {
        return false;
    }
    std::copy(ip_text.begin(), ip_text.end(), text);
    bytes_of_ipv4 four;
    if (inet_pton(AF_INET, text, four.data()) == 1) {
        return is_public(four);
    }
    bytes_of_ipv6 sixteen;
    return inet_pton(AF_INET6, text, sixteen.data()) == 1 && is_public(sixteen);
}

}  // namespace porchlight::federation
