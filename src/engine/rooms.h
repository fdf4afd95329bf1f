#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/key.h"
#include "base/time.h"

// Who is joined where, and who may hear of whom. Deciding thread only.
namespace porchlight::engine {

using base::room_key;
using base::user_key;

// One bit per member of a room, kept aligned with the member list.
class member_bits {
  public:
    bool test(std::size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
    void set(std::size_t i, bool on);
    void insert(std::size_t i, std::size_t size_before, bool on);
    void erase(std::size_t i, std::size_t size_before);
    std::size_t words() const { return words_.size(); }
    std::uint64_t word(std::size_t w) const { return words_[w]; }
    void shrink() { words_.shrink_to_fit(); }

  private:
    std::vector<std::uint64_t> words_;
};

// Users with the position at which each came.
// Invariants: (1) `members` ascends strictly; (2) `since` and `live` are aligned with it; (3) live
// bit = the member has a session.
struct member_list {
    std::vector<user_key> members;
    std::vector<std::uint64_t> since;
    member_bits live;

    // Index of the member; members.size() when there is none. Cost: O(log members).
    std::size_t find(user_key u) const;
    bool has(user_key u) const { return find(u) != members.size(); }
    // The index it has now; none: was there already (its position stays). Appending in order is
    // O(1).
    std::optional<std::size_t> insert(user_key u, std::uint64_t position, bool is_live);
    // The index it had; none: was not there.
    std::optional<std::size_t> erase(user_key u);
    void shrink();
    // Calls f(index) for each set bit.
    template <class F>
    static void each(const member_bits& bits, F f) {
        each(bits, 0, bits.words() * 64, f);
    }
    // ... with begin <= index < end.
    template <class F>
    static void each(const member_bits& bits, std::size_t begin, std::size_t end, F f) {
        for (std::size_t w = begin / 64; w * 64 < end; ++w) {
            std::uint64_t word = bits.word(w);
            if (w == begin / 64) {
                word &= ~std::uint64_t{0} << (begin % 64);
            }
            for (; word != 0; word &= word - 1) {
                const std::size_t i = w * 64 + static_cast<std::size_t>(std::countr_zero(word));
                if (i >= end) {
                    return;
                }
                f(i);
            }
        }
    }
};

// The joined members of one room.
// Invariants: (1) `interesting` is aligned with `members`; (2) interesting bit = others see more of
// the member than a bare offline (frozen while presence is switched off).
struct room : member_list {
    // How the room stopped to count: who had something to lose, for streams that ask later.
    struct ending {
        std::uint64_t position = 0;
        std::optional<base::wall_time> at;  // none: nobody knows any more
        user_key newcomer;  // whose join ended it: nobody saw that one, nor was seen by it
        std::vector<user_key> interesting;  // ascending
        std::vector<user_key> concealed;    // ascending; members whom no room showed then
    };

    member_bits interesting;
    std::vector<std::uint32_t> peekers;  // sessions that watch this room from outside
    std::uint64_t counting_since = 0;    // P of the last flip to counting; 0: always did
    std::unique_ptr<ending> ended;       // set while the room does not count but did
    bool known = false;
    bool is_public = false;
    bool size_allows = true;  // with hysteresis
    bool counts = true;       // for presence, by policy

    // False: was joined already (its position stays).
    bool add(user_key u, std::uint64_t position, bool is_live, bool is_interesting);
    bool remove(user_key u);  // false: was not joined
};

}  // namespace porchlight::engine
