#include "load/schedule.h"

#include <cmath>

#include "base/assert.h"

namespace porchlight::load {

schedule::schedule(double per_second, pacing p, moment begin, std::uint64_t seed)
    : interval_us_(1e6 / per_second), pacing_(p), begin_(begin), random_(seed), next_(begin) {
    ASSERT(per_second > 0);
    if (pacing_ == pacing::poisson) {
        advance();
    }
}

void schedule::advance() {
    // From the beginning, not from the last: rounding must not add up.
    if (pacing_ == pacing::fixed) {
        offset_us_ = interval_us_ * static_cast<double>(++count_);
    } else {
        std::exponential_distribution<double> gap(1 / interval_us_);
        offset_us_ += gap(random_);
    }
    next_ = begin_ + moment(std::llround(offset_us_));
}

bool change_queue::due(moment intended) {
    if (waiting_.size() >= waiting_max) {
        return false;
    }
    waiting_.push_back(intended);
    return true;
}

std::optional<change_queue::change> change_queue::begin() {
    if (under_way_ || waiting_.empty()) {
        return std::nullopt;
    }
    under_way_ = change{++last_sequence_, waiting_.front()};
    waiting_.pop_front();
    return under_way_;
}

void change_queue::acknowledged() {
    ASSERT(under_way_.has_value());
    last_acknowledged_ = under_way_->sequence;
    under_way_.reset();
}

std::size_t change_queue::give_up() {
    const auto count = waiting_.size();
    waiting_.clear();
    return count;
}

void lateness::sent(moment intended, moment now) {
    all_.record(now - intended);
    late_ += now - intended > late_after ? 1 : 0;
}

void lateness::merge(const lateness& other) {
    all_.merge(other.all_);
    late_ += other.late_;
}

}  // namespace porchlight::load
