#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace porchlight::base {

// A vector that grows by chunks: what is in it never moves, so that growing is as quick with a
// million values as with ten, and references stay good. It does not shrink.
// REQUIRES of T: default construction. Cost of []: one load more than a vector's.
template <class T, unsigned chunk_bits>
class chunked_vector {
  public:
    T& operator[](std::size_t i) { return chunks_[i >> chunk_bits][i & mask]; }
    const T& operator[](std::size_t i) const { return chunks_[i >> chunk_bits][i & mask]; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& back() { return (*this)[size_ - 1]; }
    // Allocates once in 2^chunk_bits calls.
    T& push_back(T&& value) {
        if (size_ >> chunk_bits == chunks_.size()) {
            chunks_.push_back(std::make_unique<T[]>(mask + 1));
        }
        ++size_;
        return back() = std::move(value);
    }

  private:
    static constexpr std::size_t mask = (std::size_t{1} << chunk_bits) - 1;
    std::vector<std::unique_ptr<T[]>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace porchlight::base
