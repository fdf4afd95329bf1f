#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "presence/user.h"

namespace porchlight::presence::test {

// One call made on a user.
struct input {
    enum class kind { restored, open, close, put, active, removed, deactivated, settle };
    kind what = kind::settle;
    base::instant at;
    base::device_key device;
    stream_request stream;          // open; close: its `marks`
    put_request request;            // put
    state before = state::offline;  // restored
};

// The rules again, slowly and in another way: nothing is kept but the history of all inputs, and
// each question is answered by reading it from the beginning. No deadlines, no caches, nothing
// forgotten.
class model {
  public:
    model(const settings& s, saved_state initial) : settings_(s), initial_(std::move(initial)) {}

    // REQUIRES: i.at.mono is not before the last one's.
    void add(input i);

    saved_state saved() const;                // as of the last input
    view others_at(base::mono_time t) const;  // but for texts that expire after the last input
    view self_at(base::mono_time t) const;
    state aggregate_at(base::mono_time t) const { return aggregate(history_.size(), t); }
    // How many devices invariant (4) of user.h keeps.
    std::size_t devices_kept_at(base::mono_time t) const;

  private:
    using kind = input::kind;
    // Each looks at the first n inputs only, and at a moment at or after all of them.
    bool restart_stands(std::size_t n, base::mono_time t) const;
    std::size_t streams(base::device_key d, bool marking, std::size_t n) const;
    bool counts(base::device_key d, std::size_t n, base::mono_time t) const;
    bool suppressed_before(base::device_key d) const;
    std::optional<state> asked(base::device_key d, std::size_t n) const;
    bool adopted_idle(base::device_key d, std::size_t i) const;
    bool believed(base::device_key d, std::size_t n) const;
    bool put_unavailable(base::device_key d, std::size_t n) const;
    base::mono_time fresh(base::device_key d, std::size_t n) const;
    state contribution(base::device_key d, std::size_t n, base::mono_time t) const;
    state aggregate(std::size_t n, base::mono_time t) const;
    bool active_at(base::mono_time t) const;
    std::size_t begin_of(base::device_key d, std::size_t n) const;  // after its last removal

    settings settings_;
    saved_state initial_;
    std::vector<input> history_;
    std::vector<bool> acted_;  // whether the input was activity
    std::vector<base::device_key> devices_;
};

}  // namespace porchlight::presence::test
