#include "federation/address_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace porchlight::federation {
namespace {

TEST(address_policy, addresses_of_the_public_internet_are_let_through) {
    for (const char* address :
         {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
          "100.128.0.0",     "126.255.255.255", "128.0.0.0",        "169.253.255.255",
          "169.255.0.0",     "172.15.255.255",  "172.32.0.0",       "191.255.255.255",
          "192.0.1.0",       "192.0.3.0",       "192.88.98.255",    "192.88.100.0",
          "192.167.255.255", "192.169.0.0",     "198.17.255.255",   "198.20.0.0",
          "198.51.99.255",   "198.51.101.0",    "203.0.112.255",    "203.0.114.0",
          "223.255.255.255", "2001:200::",      "2001:db7:ffff::1", "2001:db9::1",
          "2003::1",         "2a00:1450::1",    "2606:4700::6810",  "3ffe::1",
          "3fff:1000::1",    "::ffff:1.1.1.1",  "64:ff9b::1.1.1.1", "2002:101:101::1"}) {
        EXPECT_TRUE(is_public_address(address)) << address;
    }
}

TEST(address_policy, what_is_set_aside_in_ipv4_is_refused_from_its_first_to_its_last_address) {
    struct {
        const char *what, *first, *last;
    } const networks[] = {
        {"unspecified", "0.0.0.0", "0.255.255.255"},
        {"private", "10.0.0.0", "10.255.255.255"},
        {"shared by customers", "100.64.0.0", "100.127.255.255"},
        {"loopback", "127.0.0.0", "127.255.255.255"},
        {"link-local", "169.254.0.0", "169.254.255.255"},
        {"private", "172.16.0.0", "172.31.255.255"},
        {"protocol assignments", "192.0.0.0", "192.0.0.255"},
        {"documentation", "192.0.2.0", "192.0.2.255"},
        {"6to4 relays", "192.88.99.0", "192.88.99.255"},
        {"private", "192.168.0.0", "192.168.255.255"},
        {"benchmarks", "198.18.0.0", "198.19.255.255"},
        {"documentation", "198.51.100.0", "198.51.100.255"},
        {"documentation", "203.0.113.0", "203.0.113.255"},
        {"multicast", "224.0.0.0", "239.255.255.255"},
        {"reserved, broadcast", "240.0.0.0", "255.255.255.255"},
    };
    for (const auto& n : networks) {
        for (const std::string address : {n.first, n.last}) {
            EXPECT_FALSE(is_public_address(address)) << address << ", " << n.what;
            EXPECT_FALSE(is_public_address("::ffff:" + address)) << address << ", mapped";
            EXPECT_FALSE(is_public_address("64:ff9b::" + address)) << address << ", NAT64";
        }
    }
}

TEST(address_policy, what_is_set_aside_in_ipv6_is_refused) {
    struct {
        const char *what, *address;
    } const addresses[] = {
        {"unspecified", "::"},
        {"loopback", "::1"},
        {"IPv4-compatible", "::1.1.1.1"},
        {"discard", "100::1"},
        {"NAT64 of a network's own", "64:ff9b:1::101:101"},
        {"6to4 of a private address", "2002:a00:1::1"},
        {"6to4 of loopback", "2002:7f00:1::"},
        {"mapped, in hexadecimal", "::ffff:7f00:1"},
        {"Teredo", "2001::101:101"},
        {"Teredo, last", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"benchmarks", "2001:2::1"},
        {"ORCHID", "2001:10::1"},
        {"ORCHIDv2", "2001:20::1"},
        {"protocol assignments, last", "2001:1ff:ffff::1"},
        {"documentation", "2001:db8::1"},
        {"documentation, last", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"documentation", "3fff::1"},
        {"documentation, last", "3fff:fff:ffff::1"},
        {"segment routing", "5f00::1"},
        {"unique local", "fc00::1"},
        {"unique local", "fdff:ffff::1"},
        {"link-local", "fe80::1"},
        {"link-local, last", "febf:ffff::1"},
        {"site-local", "fec0::1"},
        {"site-local, last", "feff:ffff::1"},
        {"multicast", "ff02::1"},
        {"not given out", "1fff::1"},
        {"not given out", "4000::1"},
        {"not given out", "8000::1"},
    };
    for (const auto& a : addresses) {
        EXPECT_FALSE(is_public_address(a.address)) << a.address << ", " << a.what;
    }
}

TEST(address_policy, what_is_no_address_is_refused) {
    for (const std::string text :
         {"", " ", "example.org", "1.1.1", "1.1.1.1 ", " 1.1.1.1", "1.1.1.1.1", "0x1.1.1.1",
          "16843009", "1.1.1.256", "1.1.1.1:443", "[2a00::1]", "2a00::1%eth0", "2a00:::1",
          "fe80::1%1", "2a00::1/64"}) {
        EXPECT_FALSE(is_public_address(text)) << text;
    }
    EXPECT_FALSE(is_public_address(std::string_view{"1.1.1.1\0", 8}));
    EXPECT_FALSE(is_public_address(std::string_view{"1.1.1.1\0.example", 16}));
    EXPECT_FALSE(is_public_address(std::string(10'000, '1')));
}

TEST(address_policy, no_byte_beyond_the_text_is_looked_at) {
    const std::string text = "1.1.1.1999";
    EXPECT_TRUE(is_public_address(std::string_view{text}.substr(0, 7)));
}

}  // namespace
}  // namespace porchlight::federation
