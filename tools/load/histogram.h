#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace porchlight::load {

using std::chrono::microseconds;

// Counts durations in buckets whose width grows with the value, as HdrHistogram does: exact below
// 256 us, then never off by more than 1/128. Range 0 to about 19 hours; longer counts as that.
// A few kilobytes, as long as the values are near each other; merging loses nothing.
class histogram {
  public:
    // Negative counts as 0.
    void record(microseconds value, std::uint64_t times = 1);
    void merge(const histogram& other);

    std::uint64_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    microseconds max() const { return max_; }
    microseconds mean() const;
    // The least duration that a share of at least `quantile` (0 to 1) did not exceed, as precise
    // as the buckets; 0 when empty.
    microseconds percentile(double quantile) const;

    // Only for another process of the same build: counts, sum and maximum.
    boost::json::value to_json() const;
    static histogram from_json(const boost::json::value& v);

  private:
    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t greatest_in(std::size_t bucket);

    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    microseconds max_{};
};

}  // namespace porchlight::load
