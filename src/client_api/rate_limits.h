#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>

#include "client_api/call.h"

namespace porchlight::client_api {

enum class limited : std::uint8_t { presence, login, registration, invite, account, upload, admin };

// Token buckets per kind and key (a user, an address). Deciding thread only. Memory is bounded: two
// generations of at most limits::rate_buckets_max / 2 buckets; one not used for a whole generation
// is forgotten, which is to say full again.
class rate_limits {
  public:
    explicit rate_limits(const settings& s) : settings_(s) {}

    // Takes `n`; none: go ahead. limit_exceeded, with the time to wait, when there is less in the
    // bucket. More than it can ever hold is taken from a full one, and paid off before the next.
    std::optional<failure> take(limited kind, const std::string& key, base::mono_time now,
                                std::size_t n = 1);
    // Gives `n` back: what was asked for turned out to be harmless.
    void give_back(limited kind, const std::string& key, std::size_t n = 1);

  private:
    struct bucket {
        double left = 0;
        base::mono_time at;
    };
    using buckets = boost::unordered_flat_map<std::string, bucket>;
    struct generations {
        buckets young, old;
        base::mono_time turned;
    };
    rate rate_of(limited kind) const;
    bucket& bucket_of(limited kind, const std::string& key, base::mono_time now);

    const settings& settings_;
    std::array<generations, 7> kinds_;
};

}  // namespace porchlight::client_api
