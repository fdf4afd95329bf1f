#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace porchlight::storage::testing {

// A file layer for SQLite that fails when told and remembers what was synced, over the system's.
// One at a time; registered under name() while it lives.
class faulty_vfs {
  public:
    faulty_vfs();
    ~faulty_vfs();
    faulty_vfs(const faulty_vfs&) = delete;
    faulty_vfs& operator=(const faulty_vfs&) = delete;

    static std::string name() { return "porchlight-faulty"; }

    // The n-th write, sync or truncation from now on fails (1: the next), and `more` after it.
    void fail_at(std::uint64_t n, std::uint64_t more = 0);
    static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max() / 2;
    void heal();
    bool has_failed() const;

    // Writes into `folder` the files as a disk would show them after a power loss now: what was
    // synced. Without `power_loss` as after a kill: all that was written.
    void save_files(const std::filesystem::path& folder, bool power_loss) const;
};

}  // namespace porchlight::storage::testing
