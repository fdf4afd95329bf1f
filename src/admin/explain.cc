#include "engine/explain.h"
#include "admin/request.h"
#include "admin/sentence.h"
#include "client_api/sync/presence_json.h"

namespace porchlight::admin {

namespace {

using engine::explanation;

std::string_view visibility_name(presence::user_visibility v) {
    switch (v) {
        case presence::user_visibility::everyone:
            return "everyone";
        case presence::user_visibility::lists_only:
            return "lists_only";
        case presence::user_visibility::nobody:
            break;
    }
    return "nobody";
}

json::object device_json(const explanation::device& d, const std::string& id) {
    json::object o;
    if (id.empty()) {
        o["before_restart"] = true;
    } else {
        o["device_id"] = id;
    }
    o["asked"] = client_api::presence_name(d.asked, false);
    o["counts_as"] = client_api::presence_name(d.counts_as, false);
    o["streams"] = d.streams;
    o["offline_streams"] = d.silent_streams;
    put_time(o, "grace_until", d.grace_until);
    put_time(o, "put_until", d.put_until);
    put_time(o, "idle_at", d.idle_at);
    o["believed"] = d.believed;
    return o;
}

json::array rooms_json(const surroundings& s, const explanation& x) {
    json::array all;
    for (const explanation::room& r : x.rooms) {
        all.push_back({{"room_id", s.rooms.room_id(r.key)}, {"members", r.members}});
    }
    return all;
}

}  // namespace

void explain_presence(request r) {
    const auto u = r.user(r.params[0]);
    if (!u) {
        r.answer(u.error());
        return;
    }
    surroundings& s = r.server;
    const base::instant now = r.now();
    const explanation x = s.services.engine.explain(*u, now);
    if (!x.known) {
        r.answer(
            fail(errc::not_found, "Nothing is known here of the presence of " + r.params[0] + "."));
        return;
    }
    sentence_facts f{.user_id = r.params[0],
                     .device_ids = {},
                     .observers_elsewhere = s.observers_elsewhere(*u),
                     .now = now.wall};
    json::array devices;
    for (const explanation::device& d : x.devices) {
        const bool named = d.key.valid() && s.accounts.exists(d.key);
        f.device_ids.push_back(named ? s.accounts.device(d.key).device_id : std::string{});
        devices.push_back(device_json(d, f.device_ids.back()));
    }
    json::object o{{"user_id", r.params[0]},
                   {"now", base::unix_ms(now.wall)},
                   {"sentence", sentence(x, f)},
                   {"presence", client_api::presence_name(x.aggregate, false)},
                   {"hidden", x.hidden},
                   {"currently_active", x.currently_active},
                   {"deactivated", x.deactivated},
                   {"remote", x.remote},
                   {"presence_enabled", x.enabled},
                   {"status_text_bytes", x.text_bytes},
                   {"visibility", visibility_name(x.visibility)},
                   {"streams", x.streams},
                   {"devices", std::move(devices)},
                   {"rooms_counting", x.rooms_counting},
                   {"rooms_not_counting", x.rooms_not_counting},
                   {"rooms", rooms_json(s, x)},
                   {"seen_by",
                    {{"total", x.seen_by.total + f.observers_elsewhere},
                     {"by_rooms", x.seen_by.by_rooms},
                     {"by_lists", x.seen_by.by_lists},
                     {"elsewhere", f.observers_elsewhere},
                     {"blocked", x.seen_by.blocked},
                     {"at_least", x.seen_by.at_least}}}};
    put_time(o, "last_active", x.last_active);
    put_time(o, "status_text_expires", x.text_expires);
    r.answer(std::move(o));
}

}  // namespace porchlight::admin
