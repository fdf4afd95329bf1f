#include "engine/losses.h"

#include <algorithm>

#include "base/limits.h"

namespace porchlight::engine {

namespace {

std::uint64_t too_old_before(std::uint64_t position) {
    using std::chrono::duration_cast;
    constexpr auto age = duration_cast<base::milliseconds>(base::limits::loss_age_max).count();
    constexpr std::uint64_t span = static_cast<std::uint64_t>(age) << 16;
    return position > span ? position - span : 0;
}

}  // namespace

std::vector<user_key> losses::add(user_key observer, const loss& l) {
    std::vector<loss>& list = by_observer_[observer.value];
    std::vector<user_key> pruned;
    const auto at = std::ranges::lower_bound(list, l.subject, {}, &loss::subject);
    if (at != list.end() && at->subject == l.subject) {
        *at = l;
        return pruned;
    }
    list.insert(at, l);
    if (list.size() > base::limits::losses_per_observer_max) {
        const std::uint64_t least = too_old_before(l.position);
        std::erase_if(list, [&](const loss& x) {
            if (x.position < least) {
                pruned.push_back(x.subject);
            }
            return x.position < least;
        });
        if (pruned.empty()) {
            const auto oldest = std::ranges::min_element(list, {}, &loss::position);
            pruned.push_back(oldest->subject);
            list.erase(oldest);
        }
    }
    return pruned;
}

bool losses::forget(user_key observer, user_key subject) {
    const auto row = by_observer_.find(observer.value);
    if (row == by_observer_.end()) {
        return false;
    }
    std::vector<loss>& list = row->second;
    const auto at = std::ranges::lower_bound(list, subject, {}, &loss::subject);
    if (at == list.end() || at->subject != subject) {
        return false;
    }
    list.erase(at);
    if (list.empty()) {
        by_observer_.erase(row);
    }
    return true;
}

const losses::loss* losses::find(user_key observer, user_key subject) const {
    const std::vector<loss>& list = of(observer);
    const auto at = std::ranges::lower_bound(list, subject, {}, &loss::subject);
    return at == list.end() || at->subject != subject ? nullptr : &*at;
}

const std::vector<losses::loss>& losses::of(user_key observer) const {
    static const std::vector<loss> none;
    const auto row = by_observer_.find(observer.value);
    return row == by_observer_.end() ? none : row->second;
}

}  // namespace porchlight::engine
