#include "server/last_stop.h"

#include <fstream>

namespace porchlight::server {

std::string boot_id() {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
}

last_stop stop_before(ports::store_reader& store, std::string_view boot) {
    if (store.meta("clean_stop").value_or("yes") == "yes") {
        return last_stop::clean;
    }
    const bool same_boot = !boot.empty() && store.meta("boot_id") == boot;
    return same_boot ? last_stop::killed : last_stop::power_lost;
}

ports::write_set running(std::string_view boot) {
    return {ports::meta_row{"clean_stop", "no"}, ports::meta_row{"boot_id", std::string(boot)}};
}

ports::write_set closed() {
    return {ports::meta_row{"clean_stop", "yes"}};
}

}  // namespace porchlight::server
