#include "server/last_stop.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "homeserver/durable_log.h"

namespace porchlight::server {

std::uint64_t meta_number(ports::store_reader& store, std::string_view name) {
    const auto text = store.meta(name);
    std::uint64_t n = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), n);
    }
    return n;
}

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

lost_positions lost_by_restoring(ports::store_reader& store, base::wall_time now,
                                 ports::write_set& set) {
    lost_positions lost{meta_number(store, "lost_after"), meta_number(store, "lost_until")};
    if (store.meta("is_copy") != "yes") {
        return lost;
    }
    const auto last = homeserver::durable_log::last_of(store);
    lost.after = lost.until == 0 ? last.stored : std::min(lost.after, last.stored);
    lost.until = std::max(last.given, static_cast<std::uint64_t>(base::unix_ms(now)) << 10) + 1;
    set.push_back(ports::meta_row{"lost_after", std::to_string(lost.after)});
    set.push_back(ports::meta_row{"lost_until", std::to_string(lost.until)});
    set.push_back(ports::meta_row{"durable_ceiling", std::to_string(lost.until)});
    set.push_back(ports::meta_row{"is_copy", "no"});
    return lost;
}

}  // namespace porchlight::server
