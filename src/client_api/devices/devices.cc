#include "client_api/devices/devices.h"

#include <algorithm>

#include "client_api/account/auth_session.h"

namespace porchlight::client_api {

namespace {

json::object device_json(const call& c, const homeserver::device_info& d) {
    json::object o{{"device_id", d.device_id},
                   {"user_id", c.server.accounts.user_id(c.user().user)}};
    if (!d.display_name.empty()) {
        o["display_name"] = d.display_name;
    }
    if (d.last_seen) {
        o["last_seen_ts"] = base::unix_ms(*d.last_seen);
    }
    return o;
}

// The caller's device of that id; answers 404 by itself.
std::optional<homeserver::device_info> find_device(call& c, const std::string& device_id) {
    for (auto& d : c.server.accounts.devices(c.user().user)) {
        if (d.device_id == device_id) {
            return std::move(d);
        }
    }
    c.refuse(fail(errc::not_found, "You have no device with this id."));
    return std::nullopt;
}

}  // namespace

void devices(call_ptr c) {
    json::array all;
    for (const auto& d : c->server.accounts.devices(c->user().user)) {
        all.push_back(device_json(*c, d));
    }
    c->reply({{"devices", std::move(all)}});
}

void device(call_ptr c) {
    if (const auto d = find_device(*c, c->params[0])) {
        c->reply(device_json(*c, *d));
    }
}

void rename_device(call_ptr c) {
    const auto name = matrix::optional_string(c->object(), "display_name");
    if (!name) {
        c->refuse(name.error());
        return;
    }
    const auto d = find_device(*c, c->params[0]);
    if (!d) {
        return;
    }
    if (!*name) {
        c->reply(json::object{});
        return;
    }
    c->server.accounts.rename_device(c->user().user, d->device, **name, answer_empty(c));
}

// Whether there is such a device is told only after the password was given.
void end_device(call_ptr c) {
    with_password(c, [](call_ptr d) {
        if (const auto found = find_device(*d, d->params[0])) {
            d->server.accounts.end_devices(d->user().user, {found->device}, answer_empty(d));
        }
    });
}

// Ids of devices that are gone already are no fault.
void end_devices(call_ptr c) {
    const auto* list = c->object().if_contains("devices");
    if (list == nullptr || !list->is_array()) {
        c->refuse(list == nullptr
                      ? fail(errc::missing_param, "The key \"devices\" is missing.")
                      : fail(errc::bad_json, "The key \"devices\" must be a list of device ids."));
        return;
    }
    if (!std::ranges::all_of(list->get_array(), [](const auto& id) { return id.is_string(); })) {
        c->refuse(fail(errc::bad_json, "The key \"devices\" must be a list of device ids."));
        return;
    }
    with_password(c, [](call_ptr d) {
        std::vector<base::device_key> ended;
        for (const auto& known : d->server.accounts.devices(d->user().user)) {
            const auto& wanted = d->object().at("devices").get_array();
            if (std::ranges::any_of(wanted, [&](const json::value& id) {
                    return std::string_view{id.get_string()} == known.device_id;
                })) {
                ended.push_back(known.device);
            }
        }
        d->server.accounts.end_devices(d->user().user, std::move(ended), answer_empty(d));
    });
}

}  // namespace porchlight::client_api
