#include "engine/sessions.h"

#include <algorithm>

#include "base/limits.h"

namespace porchlight::engine {

bool pending_subjects::add(user_key u) {
    if (size_ != 0 && data()[size_ - 1] == u.value) {
        return true;
    }
    if (size_ == capacity_ && !grow()) {
        return std::binary_search(data(), data() + size_, u.value);
    }
    data()[size_++] = u.value;
    return true;
}

bool pending_subjects::grow() {
    std::sort(data(), data() + size_);
    size_ = static_cast<std::uint16_t>(std::unique(data(), data() + size_) - data());
    if (size_ <= capacity_ / 2) {
        return true;
    }
    if (capacity_ >= base::limits::pending_subjects_max) {
        return size_ <= capacity_ / 8 * 7;
    }
    const auto capacity = static_cast<std::uint16_t>(capacity_ == inside_max ? 16 : capacity_ * 4);
    auto* const bigger = new std::uint32_t[capacity];
    std::copy_n(data(), size_, bigger);
    release();
    std::memcpy(words_, &bigger, sizeof bigger);
    capacity_ = capacity;
    return true;
}

void pending_subjects::take(pending_subjects& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    std::copy_n(other.words_, inside_max, words_);
    other.size_ = 0;
    other.capacity_ = inside_max;
}

std::uint32_t session_table::allocate() {
    ++used_;
    if (free_.empty()) {
        all_.push_back({}).used = true;
        return static_cast<std::uint32_t>(all_.size() - 1);
    }
    const std::uint32_t i = free_.back();
    free_.pop_back();
    all_[i].used = true;
    return i;
}

void session_table::release(std::uint32_t i) {
    ASSERT(all_[i].used && !all_[i].parked && !all_[i].stream_open);
    const bool on_ready = all_[i].on_ready;
    all_[i] = session{};
    all_[i].on_ready = on_ready;  // its place on that list is still there
    free_.push_back(i);
    --used_;
}

std::uint32_t session_table::on_connection(const ports::http_handle& h) const {
    if (h.thread >= by_slot_.size() || h.slot >= by_slot_[h.thread].size()) {
        return no_index;
    }
    return by_slot_[h.thread][h.slot];
}

std::uint32_t session_table::parked_at(const ports::http_handle& h) const {
    const std::uint32_t i = on_connection(h);
    return i != no_index && all_[i].handle == h ? i : no_index;
}

void session_table::park(std::uint32_t i, const ports::http_handle& h) {
    if (h.thread >= by_slot_.size()) {
        by_slot_.resize(h.thread + 1);
    }
    std::vector<std::uint32_t>& slots = by_slot_[h.thread];
    if (h.slot >= slots.size()) {
        slots.resize(std::max<std::size_t>(h.slot + 1, slots.size() * 2), no_index);
    }
    ASSERT(slots[h.slot] == no_index);
    slots[h.slot] = i;
    all_[i].handle = h;
    all_[i].parked = true;
}

void session_table::unpark(std::uint32_t i) {
    ASSERT(all_[i].parked);
    by_slot_[all_[i].handle.thread][all_[i].handle.slot] = no_index;
    all_[i].parked = false;
}

}  // namespace porchlight::engine
