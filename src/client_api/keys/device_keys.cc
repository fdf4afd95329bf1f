#include <set>

#include "base/limits.h"
#include "client_api/account/auth_session.h"
#include "client_api/keys/keys.h"
#include "client_api/sync/parameters.h"
#include "homeserver/keys/device_keys.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace limits = base::limits;

namespace {

using wish = homeserver::device_keys::device_wish;

homeserver::completion<json::object> answer_object(call_ptr c) {
    return [c = std::move(c)](outcome<json::object> r) {
        if (r) {
            c->reply(std::move(*r));
        } else {
            c->refuse(r.error());
        }
    };
}

outcome<json::object> optional_object(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    if (v == nullptr) {
        return json::object{};
    }
    if (!v->is_object()) {
        return fail(errc::bad_json, "The key \"" + std::string{key} + "\" must be an object.");
    }
    return v->get_object();
}

// What is asked of users here, of users without keys, and of other servers.
struct asked {
    std::vector<wish> wishes;
    json::object nobody;    // user id -> {}
    json::object failures;  // server -> why
};

// Goes on with the account; notes the others.
std::optional<homeserver::user_key> find_user(const call& c, std::string_view user_id, asked& a) {
    const auto& accounts = c.server.accounts;
    if (const auto u = accounts.find(user_id); u && !accounts.is_deactivated(*u)) {
        return u;
    }
    const auto id = matrix::parse_user_id(user_id);
    if (id && id->server != c.server.services.config.server_name) {
        a.failures[id->server] = json::object{
            {"errcode", "M_UNKNOWN"}, {"error", "Rooms are not shared with other servers."}};
    } else {
        a.nobody[user_id] = json::object{};
    }
    return std::nullopt;
}

outcome<asked> read_query(const call& c) {
    const auto wanted = optional_object(c.object(), "device_keys");
    if (!wanted) {
        return wanted.error();
    }
    if (wanted->size() > limits::key_query_users_max) {
        return fail(errc::invalid_param, "device_keys may name at most " +
                                             std::to_string(limits::key_query_users_max) +
                                             " users.");
    }
    asked a;
    for (const auto& [user_id, devices] : *wanted) {
        if (!matrix::parse_user_id(user_id)) {
            return fail(errc::invalid_param, "The keys of device_keys must be user ids.");
        }
        const bool is_list =
            devices.is_array() &&
            std::ranges::all_of(devices.get_array(), [](const auto& d) { return d.is_string(); });
        if (!is_list) {
            return fail(errc::bad_json, "The values of device_keys must be lists of device ids.");
        }
        const auto u = find_user(c, user_id, a);
        if (!u) {
            continue;
        }
        if (devices.get_array().empty()) {
            a.wishes.push_back({*u, {}, {}});
        }
        for (const auto& d : devices.get_array()) {
            a.wishes.push_back({*u, std::string{d.get_string()}, {}});
        }
    }
    return a;
}

outcome<asked> read_claim(const call& c) {
    const auto wanted = optional_object(c.object(), "one_time_keys");
    if (!wanted) {
        return wanted.error();
    }
    asked a;
    for (const auto& [user_id, devices] : *wanted) {
        if (!matrix::parse_user_id(user_id)) {
            return fail(errc::invalid_param, "The keys of one_time_keys must be user ids.");
        }
        if (!devices.is_object()) {
            return fail(errc::bad_json, "The values of one_time_keys must be objects.");
        }
        const auto u = find_user(c, user_id, a);
        for (const auto& [device_id, algorithm] : devices.get_object()) {
            if (!algorithm.is_string()) {
                return fail(errc::bad_json, "The algorithm for a device must be a string.");
            }
            if (u) {
                a.wishes.push_back(
                    {*u, std::string{device_id}, std::string{algorithm.get_string()}});
            }
        }
    }
    if (a.wishes.size() > limits::key_claims_max) {
        return fail(errc::invalid_param, "One request may claim keys of at most " +
                                             std::to_string(limits::key_claims_max) + " devices.");
    }
    return a;
}

}  // namespace

void upload_keys(call_ptr c) {
    homeserver::device_keys::upload_wish w;
    auto device = optional_object(c->object(), "device_keys");
    auto one_time = optional_object(c->object(), "one_time_keys");
    auto fallback = optional_object(c->object(), "fallback_keys");
    for (const auto* each : {&device, &one_time, &fallback}) {
        if (!*each) {
            c->refuse(each->error());
            return;
        }
    }
    if (c->object().contains("device_keys")) {
        w.device_keys = std::move(*device);
    }
    w.one_time_keys = std::move(*one_time);
    w.fallback_keys = std::move(*fallback);
    c->server.device_keys.upload(c->user(), std::move(w), answer_object(c));
}

void query_keys(call_ptr c) {
    auto a = read_query(*c);
    if (!a) {
        c->refuse(a.error());
        return;
    }
    c->server.device_keys.query(
        c->user(), std::move(a->wishes),
        [c, nobody = std::move(a->nobody),
         failures = std::move(a->failures)](outcome<json::object> r) mutable {
            if (!r) {
                c->refuse(r.error());
                return;
            }
            json::object& keys = r->at("device_keys").get_object();
            for (auto& [user_id, none] : nobody) {
                keys[user_id] = std::move(none);
            }
            (*r)["failures"] = std::move(failures);
            c->reply(std::move(*r));
        });
}

void claim_keys(call_ptr c) {
    auto a = read_claim(*c);
    if (!a) {
        c->refuse(a.error());
        return;
    }
    c->server.device_keys.claim(std::move(a->wishes), [c, failures = std::move(a->failures)](
                                                          outcome<json::object> r) mutable {
        if (!r) {
            c->refuse(r.error());
            return;
        }
        c->reply({{"one_time_keys", std::move(*r)}, {"failures", std::move(failures)}});
    });
}

void changed_keys(call_ptr c) {
    const auto* from = c->parameter("from");
    const auto* to = c->parameter("to");
    if (from == nullptr || to == nullptr) {
        c->refuse(fail(errc::missing_param, "The parameters from and to are missing."));
        return;
    }
    const auto since = engine::parse_token(*from);
    if (!since || !engine::parse_token(*to)) {
        c->refuse(fail(errc::invalid_param, "from and to must be tokens of /sync."));
        return;
    }
    const auto found = c->server.device_keys.changes().since(c->user().user, since->durable);
    const auto names = [&c](const std::vector<homeserver::user_key>& users) {
        json::array ids;
        for (const auto u : users) {
            ids.emplace_back(c->server.accounts.user_id(u));
        }
        return ids;
    };
    c->reply({{"changed", names(found.changed)}, {"left", names(found.left)}});
}

void upload_cross_signing_keys(call_ptr c) {
    const auto wish_of = [](const call& from) {
        const auto member = [&from](std::string_view key) {
            const auto* v = from.object().if_contains(key);
            return v == nullptr ? std::nullopt : std::optional<json::value>{*v};
        };
        return homeserver::device_keys::cross_signing_wish{
            member("master_key"), member("self_signing_key"), member("user_signing_key")};
    };
    const auto answer = [](call_ptr to, outcome<json::object> r) {
        if (r) {
            to->reply(json::object{});
        } else {
            to->refuse(r.error());
        }
    };
    c->server.device_keys.set_cross_signing(
        c->user(), wish_of(*c), false, [c, wish_of, answer](outcome<json::object> r) {
            if (r || r.error().code != errc::unauthorized) {
                answer(c, std::move(r));
                return;
            }
            with_password(c, [wish_of, answer](call_ptr d) {
                d->server.device_keys.set_cross_signing(
                    d->user(), wish_of(*d), true,
                    [d, answer](outcome<json::object> again) { answer(d, std::move(again)); });
            });
        });
}

void upload_key_signatures(call_ptr c) {
    c->server.device_keys.add_signatures(c->user(), c->object(), answer_object(c));
}

}  // namespace porchlight::client_api
