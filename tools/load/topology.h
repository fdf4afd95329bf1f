#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace porchlight::load {

enum class topology_kind { hall, teams, lists, none };

// The subjects that one observer sees: `count` of them from `first` on, past the last again from 0.
struct view {
    static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t own = nobody;  // the observer's own number as a subject; not counted as seen

    // The place of a subject in this view; not below `count`: it is not in it.
    std::uint32_t index_of(std::uint32_t subject, std::uint32_t subjects) const {
        return subject >= first ? subject - first : subject + subjects - first;
    }
    std::uint32_t subject_at(std::uint32_t index, std::uint32_t subjects) const {
        const auto n = first + index;
        return n < subjects ? n : n - subjects;
    }
};

// A room: its users, one after the other; the first makes it.
struct room_plan {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

// Who shares what with whom. Users have the numbers from 0 on, each of them is an observer;
// subjects (the users that publish) have numbers of their own.
struct topology {
    std::vector<std::uint32_t> subjects;  // the user of each
    std::vector<view> views;              // of each user
    std::vector<room_plan> rooms;
    // Pairs of an observer and a subject that it sees.
    std::uint64_t pairs() const;
};

// hall: one room with everybody. teams: rooms of `size`, the publishers spread evenly over them.
// lists: no rooms; everybody has `size` publishers on the list, or all if there are fewer.
// none: nobody sees anybody. REQUIRES: publishers <= users, size > 0.
topology make_topology(topology_kind kind, std::uint32_t users, std::uint32_t publishers,
                       std::uint32_t size);

// How many users each of the processes polls for. Publishers are all in the first, which has the
// fewer users. REQUIRES: processes > 0; more than one only if there are that many users.
std::vector<std::uint32_t> shares(std::uint32_t users, std::uint32_t publishers,
                                  std::uint32_t processes);

}  // namespace porchlight::load
