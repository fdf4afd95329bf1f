#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Counters that any thread may bump without a lock; admin/ reads them for /metrics.
// A metric is a namespace-scope object and registers itself (never make one while threads run):
//   inline base::metrics::counter updates{"porchlight_presence_updates_total", "State changes."};
// Several with one name are one family: of one kind, with the help of the first; those with the
// same labels too are added up.
namespace porchlight::base::metrics {

class metric {
  public:
    enum class kind { counter, gauge, histogram };
    // `labels` is empty or one label in exposition form: limit="head_bytes".
    metric(kind k, std::string_view name, std::string_view help, std::string_view labels);
    virtual ~metric();
    metric(const metric&) = delete;
    metric& operator=(const metric&) = delete;

    const kind type;
    const std::string name, help, labels;
};

// Every metric that exists, in order of registration.
const std::vector<metric*>& all();

class counter final : public metric {
  public:
    counter(std::string_view n, std::string_view h, std::string_view l = {})
        : metric(kind::counter, n, h, l) {}
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

class gauge final : public metric {
  public:
    gauge(std::string_view n, std::string_view h, std::string_view l = {})
        : metric(kind::gauge, n, h, l) {}
    void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
    void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::int64_t> value_{0};
};

// Buckets double from 100 µs: 0.0001, 0.0002, ... 0.0001·2^17 ≈ 13 s, +Inf.
class histogram final : public metric {
  public:
    static constexpr std::size_t bucket_count = 19;
    histogram(std::string_view n, std::string_view h, std::string_view l = {})
        : metric(kind::histogram, n, h, l) {}
    // Cost: at most 18 comparisons and two relaxed additions.
    void observe_seconds(double s);
    // Observations in bucket i alone, not cumulated.
    std::uint64_t bucket(std::size_t i) const {
        return buckets_[i].load(std::memory_order_relaxed);
    }
    double sum_seconds() const { return static_cast<double>(nanoseconds_.load()) * 1e-9; }
    static double upper_bound(std::size_t i);  // seconds; the last is infinite

  private:
    std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
    std::atomic<std::uint64_t> nanoseconds_{0};
};

}  // namespace porchlight::base::metrics
