#pragma once

#include <string>

namespace porchlight::storage::sqlite {

// Holds `path` (made when missing) for this process until destroyed or killed; flock(2).
class file_lock {
  public:
    // Throws store_error when another process, or another owner in this one, holds it.
    file_lock(const std::string& path, const std::string& what);
    ~file_lock();
    file_lock(const file_lock&) = delete;
    file_lock& operator=(const file_lock&) = delete;

  private:
    int descriptor_;
};

}  // namespace porchlight::storage::sqlite
