#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/key.h"
#include "base/time.h"

namespace porchlight::engine {

using base::user_key;

// Who may no longer see whom, since when: each observer is told once per device, whenever that
// device next asks. Bounded per observer; the oldest go first. Deciding thread only.
class losses {
  public:
    struct loss {
        user_key subject;
        std::uint64_t position = 0;
        std::optional<base::wall_time> last_active;  // as at that moment
    };

    // The subjects of the losses that had to make place, a share of all at once so that it is
    // rarely done, or that are too old. Cost: O(log n) and the place in the list, amortized.
    std::vector<user_key> add(user_key observer, const loss& l);
    bool forget(user_key observer, user_key subject);  // false: there was none
    const loss* find(user_key observer, user_key subject) const;
    const std::vector<loss>& of(user_key observer) const;  // by subject
    bool empty() const { return by_observer_.empty(); }

  private:
    boost::unordered_flat_map<std::uint32_t, std::vector<loss>> by_observer_;
};

}  // namespace porchlight::engine
