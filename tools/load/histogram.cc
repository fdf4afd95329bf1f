#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>

namespace porchlight::load {
namespace {

namespace json = boost::json;

// Values below 2^precision have a bucket each; each further octave has half as many.
constexpr unsigned precision = 8;
constexpr std::size_t buckets_of_octave = std::size_t{1} << (precision - 1);
constexpr std::uint64_t value_max = (std::uint64_t{1} << 36) - 1;

}  // namespace

std::size_t histogram::bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > precision ? width - precision : 0;
    return buckets_of_octave * shift + static_cast<std::size_t>(value >> shift);
}

std::uint64_t histogram::greatest_in(std::size_t bucket) {
    if (bucket < 2 * buckets_of_octave) {
        return bucket;
    }
    const auto shift = static_cast<unsigned>(bucket / buckets_of_octave - 1);
    const auto leading = static_cast<std::uint64_t>(bucket - buckets_of_octave * shift);
    return ((leading + 1) << shift) - 1;
}

void histogram::record(microseconds value, std::uint64_t times) {
    const auto n =
        std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)), value_max);
    const auto bucket = bucket_of(n);
    if (bucket >= buckets_.size()) {
        buckets_.resize(bucket + 1);
    }
    buckets_[bucket] += times;
    count_ += times;
    sum_ += n * times;
    max_ = std::max(max_, microseconds(n));
}

void histogram::merge(const histogram& other) {
    if (buckets_.size() < other.buckets_.size()) {
        buckets_.resize(other.buckets_.size());
    }
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) {
        buckets_[i] += other.buckets_[i];
    }
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

microseconds histogram::mean() const {
    return microseconds(empty() ? 0 : sum_ / count_);
}

microseconds histogram::percentile(double quantile) const {
    const auto wanted = static_cast<std::uint64_t>(
        std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_)));
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        passed += buckets_[i];
        if (passed > 0 && passed >= wanted) {
            return std::min(microseconds(greatest_in(i)), max_);
        }
    }
    return microseconds(0);
}

json::value histogram::to_json() const {
    json::array counts;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        if (buckets_[i] > 0) {
            counts.push_back({i, buckets_[i]});
        }
    }
    return {{"counts", std::move(counts)}, {"sum", sum_}, {"max", max_.count()}};
}

histogram histogram::from_json(const json::value& v) {
    histogram h;
    for (const auto& pair : v.at("counts").as_array()) {
        const auto bucket = pair.at(0).to_number<std::size_t>();
        const auto times = pair.at(1).to_number<std::uint64_t>();
        if (bucket >= h.buckets_.size()) {
            h.buckets_.resize(bucket + 1);
        }
        h.buckets_[bucket] = times;
        h.count_ += times;
    }
    h.sum_ = v.at("sum").to_number<std::uint64_t>();
    h.max_ = microseconds(v.at("max").to_number<std::int64_t>());
    return h;
}

}  // namespace porchlight::load
