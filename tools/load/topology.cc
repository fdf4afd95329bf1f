#include "load/topology.h"

#include <algorithm>

#include "base/assert.h"

namespace porchlight::load {
namespace {

// Rooms of `size`; each has its share of the publishers, its first users.
topology of_rooms(std::uint32_t users, std::uint32_t publishers, std::uint32_t size) {
    topology t;
    const std::uint64_t groups = (users + size - 1) / size;
    t.views.resize(users);
    std::vector<std::uint32_t> subject_of(users, view::nobody);
    for (std::uint64_t g = 0; g < groups; ++g) {
        const auto first = static_cast<std::uint32_t>(g * size);
        const auto count = std::min(size, users - first);
        const auto begin = static_cast<std::uint32_t>(t.subjects.size());
        // In proportion to the users up to here, so that a smaller last room is no exception.
        const auto until =
            static_cast<std::uint32_t>(std::uint64_t{publishers} * (first + count) / users);
        for (auto s = begin; s < until; ++s) {
            subject_of[first + s - begin] = s;
            t.subjects.push_back(first + s - begin);
        }
        for (auto u = first; u < first + count; ++u) {
            t.views[u] = {begin, until - begin, subject_of[u]};
        }
        t.rooms.push_back({first, count});
    }
    return t;
}

topology of_lists(std::uint32_t users, std::uint32_t publishers, std::uint32_t size) {
    topology t;
    for (std::uint32_t s = 0; s < publishers; ++s) {
        t.subjects.push_back(s);
    }
    const auto length = std::min(size, publishers);
    for (std::uint32_t u = 0; u < users; ++u) {
        const auto first =
            static_cast<std::uint32_t>(std::uint64_t{u} * length % std::max(publishers, 1U));
        t.views.push_back({first, length, u < publishers ? u : view::nobody});
    }
    return t;
}

}  // namespace

std::uint64_t topology::pairs() const {
    std::uint64_t sum = 0;
    for (const auto& v : views) {
        sum += v.count;
    }
    return sum;
}

topology make_topology(topology_kind kind, std::uint32_t users, std::uint32_t publishers,
                       std::uint32_t size) {
    ASSERT(publishers <= users && size > 0);
    switch (kind) {
        case topology_kind::hall:
            return of_rooms(users, publishers, users);
        case topology_kind::teams:
            return of_rooms(users, publishers, size);
        case topology_kind::lists:
            return of_lists(users, publishers, size);
        case topology_kind::none:
            break;
    }
    return of_lists(users, publishers, 0);
}

std::vector<std::uint32_t> shares(std::uint32_t users, std::uint32_t publishers,
                                  std::uint32_t processes) {
    const auto each = (std::uint64_t{users} + publishers + processes - 1) / processes;
    std::vector<std::uint32_t> sizes;
    sizes.push_back(static_cast<std::uint32_t>(
        processes == 1
            ? users
            : std::min<std::uint64_t>(users, each > publishers ? each - publishers : 0)));
    std::uint32_t left = users - sizes[0];
    for (std::uint32_t i = 1; i < processes; ++i) {
        const auto size = left / (processes - i);
        sizes.push_back(size);
        left -= size;
    }
    return sizes;
}

}  // namespace porchlight::load
