#include <algorithm>

#include "admin/request.h"
#include "base/limits.h"

namespace porchlight::admin {

void destinations(request r) {
    const auto from = r.number("from", 0);
    const auto limit = r.number("limit", 100);
    if (!from || !limit) {
        r.answer(from ? limit.error() : from.error());
        return;
    }
    const std::size_t most = std::clamp<std::size_t>(*limit, 1, base::limits::admin_page_max);
    json::array all;
    for (const destination& d : r.server.destinations(*from, most)) {
        json::object o{{"server", d.name},
                       {"porchlight", d.porchlight},
                       {"reachable", d.failures == 0},
                       {"in_flight", d.in_flight},
                       {"failures", d.failures},
                       {"waiting",
                        {{"list_messages", d.list_messages},
                         {"pushes", d.pushes},
                         {"answers", d.answers},
                         {"polls", d.polls},
                         {"unpolls", d.unpolls}}}};
        put_time(o, "failing_since", d.failing_since);
        put_time(o, "retry_at", d.retry_at);
        put_time(o, "last_success", d.last_success);
        if (!d.last_failure.empty()) {
            o["last_failure"] = d.last_failure;
        }
        all.push_back(std::move(o));
    }
    json::object o;
    if (all.size() == most) {
        o["next"] = *from + most;
    }
    o["destinations"] = std::move(all);
    r.answer(std::move(o));
}

}  // namespace porchlight::admin
