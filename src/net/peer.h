#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace porchlight::net {

// An IP address; IPv4 in its mapped IPv6 form, so that there is one kind.
struct ip_address {
    std::array<std::uint8_t, 16> bytes{};
    friend bool operator==(const ip_address&, const ip_address&) = default;

    static std::optional<ip_address> parse(std::string_view text);
    static ip_address of(const sockaddr& address);
    // As people write it: "192.0.2.1", "2001:db8::1".
    void write_to(std::string& out) const;
};

// Networks whose word is taken for whom they forward.
class trusted_networks {
  public:
    // Each an address or "address/bits". Nothing when one of them is neither (`wrong` names it).
    static std::optional<trusted_networks> parse(const std::vector<std::string>& texts,
                                                 std::string& wrong);
    bool empty() const { return networks_.empty(); }
    bool contains(const ip_address& a) const;
    // The client that `peer` speaks for: the last address of X-Forwarded-For that is not itself a
    // trusted proxy; `peer` if it isn't trusted or the header makes no sense.
    ip_address client(const ip_address& peer, std::string_view forwarded_for) const;

  private:
    struct network {
        ip_address base;
        unsigned bits;
    };
    std::vector<network> networks_;
};

}  // namespace porchlight::net
