#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "ports/store.h"

// How the run before this one ended, and what a start writes down so that the next one knows.
namespace porchlight::server {

enum class last_stop : std::uint8_t {
    clean,       // everything was saved, or there was no run
    killed,      // what was written is there, and so is the dirty file
    power_lost,  // what was not synced may be gone: also when nothing tells the two apart
};

// What the kernel calls this boot of the machine; empty where it does not say.
std::string boot_id();

last_stop stop_before(ports::store_reader& store, std::string_view boot);
// The rows that say: running, since this boot. Overwritten by closed().
ports::write_set running(std::string_view boot);
ports::write_set closed();

// A number among the rows of facts; 0 where there is none.
std::uint64_t meta_number(ports::store_reader& store, std::string_view name);

// Durable positions that were told to clients after the backup this data was restored from: those
// above `after` and below `until`. Several backups: from the first of them on. Both 0: none.
struct lost_positions {
    std::uint64_t after = 0, until = 0;
};
// At the first start from a copy (`is_copy`, which storage::backup_to writes) it is all between the
// copy's last position and now; the rows that keep it, and put what comes next above it, are added
// to `set`.
lost_positions lost_by_restoring(ports::store_reader& store, base::wall_time now,
                                 ports::write_set& set);

}  // namespace porchlight::server
