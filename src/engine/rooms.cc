#include "engine/rooms.h"

#include <algorithm>

namespace porchlight::engine {

void member_bits::set(std::size_t i, bool on) {
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    words_[i / 64] = on ? words_[i / 64] | bit : words_[i / 64] & ~bit;
}

void member_bits::insert(std::size_t i, std::size_t size_before, bool on) {
    if (size_before % 64 == 0) {
        words_.push_back(0);
    }
    for (std::size_t w = words_.size() - 1; w > i / 64; --w) {
        words_[w] = words_[w] << 1 | words_[w - 1] >> 63;
    }
    const std::uint64_t below = (std::uint64_t{1} << (i % 64)) - 1;
    std::uint64_t& word = words_[i / 64];
    word = (word & below) | ((word & ~below) << 1);
    set(i, on);
}

void member_bits::erase(std::size_t i, std::size_t size_before) {
    const std::uint64_t below = (std::uint64_t{1} << (i % 64)) - 1;
    std::uint64_t& word = words_[i / 64];
    word = (word & below) | ((word >> 1) & ~below);
    for (std::size_t w = i / 64 + 1; w < words_.size(); ++w) {
        words_[w - 1] |= words_[w] << 63;
        words_[w] >>= 1;
    }
    if ((size_before - 1) % 64 == 0) {
        words_.pop_back();
    }
}

std::size_t member_list::find(user_key u) const {
    const auto at = std::ranges::lower_bound(members, u);
    if (at == members.end() || *at != u) {
        return members.size();
    }
    return static_cast<std::size_t>(at - members.begin());
}

std::optional<std::size_t> member_list::insert(user_key u, std::uint64_t position, bool is_live) {
    auto at = members.end();
    if (!members.empty() && members.back() >= u) {
        at = std::ranges::lower_bound(members, u);
        if (*at == u) {
            return std::nullopt;
        }
    }
    const std::ptrdiff_t i = at - members.begin();
    live.insert(static_cast<std::size_t>(i), members.size(), is_live);
    members.insert(at, u);
    since.insert(since.begin() + i, position);
    return static_cast<std::size_t>(i);
}

std::optional<std::size_t> member_list::erase(user_key u) {
    const std::size_t i = find(u);
    if (i == members.size()) {
        return std::nullopt;
    }
    live.erase(i, members.size());
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
    since.erase(since.begin() + static_cast<std::ptrdiff_t>(i));
    return i;
}

void member_list::shrink() {
    members.shrink_to_fit();
    since.shrink_to_fit();
    live.shrink();
}

bool room::add(user_key u, std::uint64_t position, bool is_live, bool is_interesting) {
    const auto i = insert(u, position, is_live);
    if (i) {
        interesting.insert(*i, members.size() - 1, is_interesting);
    }
    return i.has_value();
}

bool room::remove(user_key u) {
    const auto i = erase(u);
    if (i) {
        interesting.erase(*i, members.size() + 1);
    }
    return i.has_value();
}

}  // namespace porchlight::engine
