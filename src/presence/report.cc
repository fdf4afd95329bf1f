#include <algorithm>

#include "presence/user.h"

namespace porchlight::presence {

std::vector<device_report> user::report(base::instant now) const {
    const auto to_come = [&now](base::mono_time t) {
        return t > now.mono && t != not_due ? std::optional{t} : std::nullopt;
    };
    std::vector<device_report> all;
    for (const device& d : devices_) {
        const base::mono_time idle = idle_at(d);
        all.push_back({.key = d.key,
                       .asked = d.asked,
                       .counts_as = contribution(d, now.mono),
                       .streams = d.marking,
                       .silent_streams = d.unmarking,
                       .grace_until = d.marking == 0 ? to_come(d.grace_ends) : std::nullopt,
                       .put_until = to_come(d.put_ends),
                       .idle_at = idle == not_due ? std::nullopt : std::optional{idle},
                       .own_timer = d.own_timer,
                       .poll_states = d.poll_states});
    }
    // Whose last word was PUT offline and of whom nothing else is kept.
    for (const base::device_key key : saved_.suppressed) {
        if (std::ranges::find(all, key, &device_report::key) == all.end()) {
            all.push_back({.key = key});
        }
    }
    return all;
}

}  // namespace porchlight::presence
