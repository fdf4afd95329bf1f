#include "client_api/to_device/to_device.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "homeserver/to_device.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace {

using message = homeserver::to_device::message;

// Only the server makes events of these types.
constexpr std::string_view server_types = "m.presence_";
constexpr std::string_view all_devices = "*";

// What the devices of one user are to get, {"DEVICEID or *": {content}}, added to `all`. Of users
// and devices that aren't here only the shape is looked at.
outcome<void> read_user(const call& c, std::string_view user_id, const json::value& devices,
                        std::vector<message>& all) {
    if (!matrix::parse_user_id(user_id)) {
        return fail(errc::invalid_param, "The keys of \"messages\" must be user ids.");
    }
    const auto* of_device = devices.if_object();
    if (of_device == nullptr) {
        return fail(errc::bad_json, "The values of \"messages\" must be objects, by device id.");
    }
    const auto user = c.server.accounts.find(user_id);
    const auto known =
        user ? c.server.accounts.devices(*user) : std::vector<homeserver::device_info>();
    for (const auto& [device_id, content] : *of_device) {
        if (!content.is_object()) {
            return fail(errc::bad_json, "The content for a device must be an object.");
        }
        message m;
        m.type = c.params[0];
        m.sender = c.server.accounts.user_id(c.user().user);
        m.content = json::serialize(content);
        if (device_id != all_devices) {
            const auto found = std::ranges::find(known, std::string_view{device_id},
                                                 &homeserver::device_info::device_id);
            if (found == known.end()) {
                continue;
            }
            m.device = found->device;
        }
        if (user) {
            m.to = *user;
            all.push_back(std::move(m));
        }
    }
    return {};
}

outcome<std::vector<message>> read_messages(const call& c) {
    const json::value* messages = c.object().if_contains("messages");
    if (messages == nullptr) {
        return fail(errc::missing_param, "The key \"messages\" is missing.");
    }
    if (!messages->is_object()) {
        return fail(errc::bad_json, "The key \"messages\" must be an object, by user id.");
    }
    std::vector<message> all;
    for (const auto& [user_id, devices] : messages->get_object()) {
        if (const auto read = read_user(c, user_id, devices, all); !read) {
            return read.error();
        }
    }
    return all;
}

}  // namespace

void send_to_device(call_ptr c) {
    const std::string& type = c->params[0];
    if (type.starts_with(server_types)) {
        c->refuse(fail(errc::forbidden, "Events of this type are made by servers alone."));
        return;
    }
    auto messages = read_messages(*c);
    if (!messages) {
        c->refuse(messages.error());
        return;
    }
    c->server.to_device.send(c->user(), "sendToDevice/" + type, c->params[1], std::move(*messages),
                             answer_empty(c));
}

}  // namespace porchlight::client_api
