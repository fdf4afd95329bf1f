#include "load/held_states.h"

#include "base/assert.h"

namespace porchlight::load {

held_states::held_states(std::span<const view> views, std::uint32_t subjects)
    : subjects_(subjects), views_(views.begin(), views.end()) {
    begins_.reserve(views_.size());
    std::size_t pairs = 0;
    for (const auto& v : views_) {
        ASSERT(v.count <= subjects);
        begins_.push_back(pairs);
        pairs += v.count;
    }
    held_.resize(pairs);
}

held_states::note held_states::take(std::size_t observer, const sighting& s) {
    const auto& v = views_[observer];
    if (s.subject == v.own) {
        return {what::own, 0};
    }
    if (s.subject >= subjects_ || s.sequence == 0) {
        return {};
    }
    const auto index = v.index_of(s.subject, subjects_);
    if (index >= v.count) {
        return {};
    }
    auto& held = held_[begins_[observer] + index];
    note n;
    if (s.sequence > held) {
        n = {what::seen, s.sequence - held - 1};
    } else {
        n.kind = s.sequence == held ? what::repeated : what::backwards;
    }
    held = s.sequence;
    return n;
}

std::uint64_t held_states::lost(std::span<const std::uint32_t> last,
                                std::vector<lost_state>* examples, std::size_t examples_max) const {
    ASSERT(last.size() == subjects_);
    std::uint64_t count = 0;
    for (std::size_t observer = 0; observer < views_.size(); ++observer) {
        const auto& v = views_[observer];
        for (std::uint32_t i = 0; i < v.count; ++i) {
            const auto subject = v.subject_at(i, subjects_);
            const auto held = held_[begins_[observer] + i];
            if (subject == v.own || held >= last[subject]) {
                continue;
            }
            ++count;
            if (examples != nullptr && examples->size() < examples_max) {
                examples->push_back({observer, subject, held, last[subject]});
            }
        }
    }
    return count;
}

}  // namespace porchlight::load
