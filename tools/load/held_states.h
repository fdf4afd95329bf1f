#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "load/sync_scan.h"
#include "load/topology.h"

namespace porchlight::load {

// Which state of each subject each observer holds: the account of what was delivered, what was
// replaced by something newer on the way, and, at the end, what was lost. Four bytes for each pair.
class held_states {
  public:
    enum class what {
        seen,        // newer than what was held: a delivery
        repeated,    // the same again, which the protocol allows
        backwards,   // older than what was held: now the observer holds an old state
        own,         // of itself, which nobody waits for
        unexpected,  // of a subject that this observer need not see
    };
    struct note {
        what kind = what::unexpected;
        std::uint32_t replaced = 0;  // states between the two, that this observer never saw
    };
    struct lost_state {
        std::size_t observer = 0;
        std::uint32_t subject = 0;
        std::uint32_t held = 0;  // 0: it never saw any
        std::uint32_t last = 0;  // the last that the server acknowledged
    };

    // One view an observer, in order. `subjects`: how many there are in the whole run.
    held_states(std::span<const view> views, std::uint32_t subjects);

    note take(std::size_t observer, const sighting& s);

    // Pairs whose observer holds less than the subject's last acknowledged state, `last[subject]`.
    // The first `examples_max` of them are appended to `examples`, if it is given.
    // Cost: one pass over all pairs.
    std::uint64_t lost(std::span<const std::uint32_t> last,
                       std::vector<lost_state>* examples = nullptr,
                       std::size_t examples_max = 0) const;

  private:
    const std::uint32_t subjects_;
    std::vector<view> views_;
    std::vector<std::size_t> begins_;  // of each observer's pairs in held_
    std::vector<std::uint32_t> held_;
};

}  // namespace porchlight::load
