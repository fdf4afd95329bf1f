#include "client_api/keys/keys.h"
#include "homeserver/key_backups.h"

namespace porchlight::client_api {

namespace {

using homeserver::key_backups;

// A failure that names the newest version does so for programs, too.
homeserver::completion<json::object> answer_backup(call_ptr c) {
    return [c = std::move(c)](outcome<json::object> r) {
        if (r) {
            c->reply(std::move(*r));
        } else if (r.error().code == errc::wrong_backup_version) {
            const auto& entry = matrix::describe(errc::wrong_backup_version);
            c->reply({{"errcode", entry.errcode},
                      {"error", entry.sentence},
                      {"current_version", r.error().message}},
                     entry.status);
        } else {
            c->refuse(r.error());
        }
    };
}

struct description {
    std::string algorithm;
    json::object auth_data;
};
outcome<description> read_description(const call& c) {
    auto algorithm = matrix::required_string(c.object(), "algorithm");
    if (!algorithm) {
        return algorithm.error();
    }
    const auto* auth_data = c.object().if_contains("auth_data");
    if (auth_data == nullptr || !auth_data->is_object()) {
        return auth_data == nullptr
                   ? fail(errc::missing_param, "The key \"auth_data\" is missing.")
                   : fail(errc::bad_json, "The key \"auth_data\" must be an object.");
    }
    return description{std::move(*algorithm), auth_data->get_object()};
}

// From the query and the path: {roomId} and {sessionId} where the route has them.
outcome<key_backups::place> read_place(const call& c) {
    const auto* version = c.parameter("version");
    if (version == nullptr) {
        return fail(errc::missing_param, "The parameter version is missing.");
    }
    key_backups::place p{*version, {}, {}};
    if (!c.params.empty()) {
        p.room_id = c.params[0];
    }
    if (c.params.size() > 1) {
        p.session_id = c.params[1];
    }
    return p;
}

// The body in the shape of the whole, {room id: {"sessions": {session id: data}}}.
outcome<json::object> read_sessions(const call& c, const key_backups::place& p) {
    if (p.session_id) {
        return json::object{
            {*p.room_id, json::object{{"sessions", json::object{{*p.session_id, c.body}}}}}};
    }
    if (p.room_id) {
        return json::object{{*p.room_id, c.body}};
    }
    const auto* rooms = c.object().if_contains("rooms");
    if (rooms == nullptr || !rooms->is_object()) {
        return rooms == nullptr ? fail(errc::missing_param, "The key \"rooms\" is missing.")
                                : fail(errc::bad_json, "The key \"rooms\" must be an object.");
    }
    return rooms->get_object();
}

}  // namespace

void make_key_backup(call_ptr c) {
    auto d = read_description(*c);
    if (!d) {
        c->refuse(d.error());
        return;
    }
    c->server.key_backups.create(c->user().user, std::move(d->algorithm), std::move(d->auth_data),
                                 answer_backup(c));
}

void key_backup(call_ptr c) {
    c->server.key_backups.look(c->user().user, c->params.empty() ? std::string{} : c->params[0],
                               answer_backup(c));
}

void change_key_backup(call_ptr c) {
    auto d = read_description(*c);
    const auto version = matrix::optional_string(c->object(), "version");
    if (!d || !version) {
        c->refuse(d ? version.error() : d.error());
        return;
    }
    if (*version && **version != c->params[0]) {
        c->refuse(fail(errc::invalid_param, "The version in the body is not that of the path."));
        return;
    }
    c->server.key_backups.update(c->user().user, c->params[0], std::move(d->algorithm),
                                 std::move(d->auth_data), answer_backup(c));
}

void remove_key_backup(call_ptr c) {
    c->server.key_backups.remove(c->user().user, c->params[0], answer_backup(c));
}

void backed_up_keys(call_ptr c) {
    auto p = read_place(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    c->server.key_backups.sessions(c->user().user, std::move(*p), answer_backup(c));
}

void back_up_keys(call_ptr c) {
    const auto p = read_place(*c);
    auto sessions = p ? read_sessions(*c, *p) : outcome<json::object>{p.error()};
    if (!sessions) {
        c->refuse(sessions.error());
        return;
    }
    c->server.key_backups.put_sessions(c->user().user, p->version, std::move(*sessions),
                                       answer_backup(c));
}

void remove_backed_up_keys(call_ptr c) {
    auto p = read_place(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    c->server.key_backups.remove_sessions(c->user().user, std::move(*p), answer_backup(c));
}

}  // namespace porchlight::client_api
