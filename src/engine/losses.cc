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

constexpr std::size_t kept_when_crowded = base::limits::losses_per_observer_max / 16 * 15;

// Takes out what is too old, and the oldest until kept_when_crowded are left.
std::vector<user_key> prune(std::vector<losses::loss>& list, std::uint64_t too_old) {
    std::vector<std::uint64_t> positions;
    positions.reserve(list.size());
    for (const losses::loss& x : list) {
        positions.push_back(x.position);
    }
    const auto at =
        positions.begin() + static_cast<std::ptrdiff_t>(list.size() - kept_when_crowded);
    std::ranges::nth_element(positions, at);
    const std::uint64_t least = std::max(*at, too_old);
    // Of those at `least` as many may stay as there are places behind the newer ones.
    const auto newer = std::ranges::count_if(list, [&](auto& x) { return x.position > least; });
    std::size_t places = kept_when_crowded - static_cast<std::size_t>(newer);
    std::vector<user_key> pruned;
    std::erase_if(list, [&](const losses::loss& x) {
        if (x.position > least || (x.position == least && places > 0)) {
            places -= x.position == least ? 1 : 0;
            return false;
        }
        pruned.push_back(x.subject);
        return true;
    });
    return pruned;
}

}  // namespace

std::vector<user_key> losses::add(user_key observer, const loss& l) {
    std::vector<loss>& list = by_observer_[observer.value];
    const auto at = std::ranges::lower_bound(list, l.subject, {}, &loss::subject);
    if (at != list.end() && at->subject == l.subject) {
        *at = l;
        return {};
    }
    list.insert(at, l);
    if (list.size() <= base::limits::losses_per_observer_max) {
        return {};
    }
    return prune(list, too_old_before(l.position));
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
