#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

}  // namespace porchlight::server
