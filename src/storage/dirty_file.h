#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/key.h"

namespace porchlight::storage {

// One bit per user in a file mapped into memory: "this user's presence changed and is not yet
// committed". What was set survives kill -9 (the page cache keeps it), not a power loss.
//
// Format: 16 bytes of header ("porchlight dirty"), then the bits; user u is bit u % 8 of byte
// 16 + u / 8. A shorter or foreign file is refused.
//
// Deciding thread only. Cost of set and clear: a store into memory; growing is a system call, once
// per 2^20 users.
class dirty_file {
  public:
    // Opens or makes the file. Throws store_error when it can't, or when it is another kind of
    // file.
    explicit dirty_file(const std::filesystem::path& path);
    // In memory only: for tests, and for a server without a data folder.
    dirty_file();
    ~dirty_file();
    dirty_file(const dirty_file&) = delete;
    dirty_file& operator=(const dirty_file&) = delete;

    // False when the bit could not be kept (the disk is full and the file had to grow, or the user
    // is beyond limits::dirty_users_max): counted, and after a kill this user may be missed.
    bool set(base::user_key u);
    void clear(base::user_key u);
    bool is_set(base::user_key u) const;
    void clear_all();
    // All set bits, ascending. After opening: whoever was dirty when the last process ended.
    std::vector<base::user_key> dirty() const;

  private:
    bool grow(std::size_t bytes);
    std::size_t size_of_bits() const { return mapped_ - header_bytes; }

    static constexpr std::size_t header_bytes = 16;
    static constexpr std::size_t step_bytes = 128 * 1024;  // the bits of 2^20 users

    int descriptor_ = -1;
    std::uint8_t* map_ = nullptr;
    std::size_t mapped_ = 0;  // bytes, with the header
};

}  // namespace porchlight::storage
