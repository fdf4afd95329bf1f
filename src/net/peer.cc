#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace porchlight::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned address_bits = 128, mapped_bits = 96;

bool is_v4(const ip_address& a) {
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin());
}

ip_address from_v4(const void* four_bytes) {
    ip_address a;
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin());
    std::memcpy(a.bytes.data() + mapped_prefix.size(), four_bytes, sizeof(in_addr));
    return a;
}

std::string_view trimmed(std::string_view s) {
    const auto first = s.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    const std::string terminated(text);
    in_addr v4{};
    if (::inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
        return from_v4(&v4);
    }
    ip_address v6;
    if (::inet_pton(AF_INET6, terminated.c_str(), v6.bytes.data()) == 1) {
        return v6;
    }
    return std::nullopt;
}

ip_address ip_address::of(const sockaddr& address) {
    ip_address a;
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return from_v4(&v4.sin_addr);
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        std::memcpy(a.bytes.data(), &v6.sin6_addr, a.bytes.size());
    }
    return a;
}

void ip_address::write_to(std::string& out) const {
    out.clear();
    if (is_v4(*this)) {
        std::array<char, 3> digits;
        for (auto i = mapped_prefix.size(); i < bytes.size(); ++i) {
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes[i]);
            out.append(digits.data(), end.ptr).push_back('.');
        }
        out.pop_back();
        return;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()) != nullptr) {
        out = text.data();
    }
}

std::optional<trusted_networks> trusted_networks::parse(const std::vector<std::string>& texts,
                                                        std::string& wrong) {
    trusted_networks result;
    for (const auto& text : texts) {
        const auto slash = text.find('/');
        const auto base = ip_address::parse(std::string_view(text).substr(0, slash));
        wrong = text;
        if (!base) {
            return std::nullopt;
        }
        unsigned bits = is_v4(*base) ? address_bits - mapped_bits : address_bits;
        if (slash != std::string::npos) {
            const auto most = bits;
            const auto* const end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
            if (parsed.ec != std::errc() || parsed.ptr != end || bits > most) {
                return std::nullopt;
            }
        }
        result.networks_.push_back({*base, is_v4(*base) ? bits + mapped_bits : bits});
    }
    wrong.clear();
    return result;
}

bool trusted_networks::contains(const ip_address& a) const {
    return std::any_of(networks_.begin(), networks_.end(), [&a](const network& n) {
        const auto whole = n.bits / 8;
        if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, n.base.bytes.begin())) {
            return false;
        }
        const auto rest = n.bits % 8;
        return rest == 0 || (a.bytes[whole] >> (8 - rest)) == (n.base.bytes[whole] >> (8 - rest));
    });
}

ip_address trusted_networks::client(const ip_address& peer, std::string_view forwarded_for) const {
    auto known = peer;
    while (contains(known) && !forwarded_for.empty()) {
        const auto comma = forwarded_for.rfind(',');
        const auto last =
            comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
        const auto address = ip_address::parse(trimmed(last));
        if (!address) {
            break;
        }
        known = *address;
        forwarded_for =
            comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    }
    return known;
}

}  // namespace porchlight::net
