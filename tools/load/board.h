#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "load/schedule.h"

namespace porchlight::load {

// What a run is at; only forward.
enum class phase : int { waiting, arriving, changing, returning, settling, over };

// Memory that the processes of a run share: the first says what is to be done, each says how far it
// is. Made before they fork.
class board {
  public:
    struct orders {
        std::atomic<phase> now{phase::waiting};
        std::atomic<moment::rep> arrivals_begin{}, changes_begin{}, returning_begin{};
    };
    struct slot {
        std::atomic<phase> seen{phase::waiting};  // what follows was written in this phase
        std::atomic<std::uint64_t> present{}, deliveries{};
        std::atomic<std::uint64_t> lost{UINT64_MAX};  // while settling; until counted: the greatest
    };

    board(std::size_t processes, std::size_t subjects);
    ~board();
    board(const board&) = delete;
    board& operator=(const board&) = delete;

    orders& told() { return *orders_; }
    std::span<slot> slots() { return slots_; }
    std::span<std::atomic<std::uint32_t>> last_acknowledged() { return last_; }
    // A copy, as the processes that only read take it.
    std::vector<std::uint32_t> last_states() const;

    // Everybody is in the phase that was told.
    bool all_follow() const;
    std::uint64_t sum(std::atomic<std::uint64_t> slot::*what) const;

  private:
    void* memory_ = nullptr;
    std::size_t bytes_ = 0;
    orders* orders_ = nullptr;
    std::span<slot> slots_;
    std::span<std::atomic<std::uint32_t>> last_;
};

}  // namespace porchlight::load
