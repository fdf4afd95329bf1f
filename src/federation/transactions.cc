#include "federation/transactions.h"

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "base/metrics.h"
#include "matrix/event.h"
#include "matrix/identifier.h"

namespace porchlight::federation {

namespace limits = base::limits;
using homeserver::lists;
using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter received{"porchlight_federation_received_total",
                                "Transactions of other servers that were taken in."};
base::metrics::counter repeated{"porchlight_federation_repeated_total",
                                "Transactions of other servers that had come before."};
constexpr auto edus_name = "porchlight_federation_edus_received_total";
constexpr auto edus_help = "EDUs of other servers, by what became of them.";
base::metrics::counter edus_taken{edus_name, edus_help, "outcome=\"taken\""};
base::metrics::counter edus_malformed{edus_name, edus_help, "outcome=\"malformed\""};
base::metrics::counter edus_foreign{edus_name, edus_help, "outcome=\"foreign\""};
base::metrics::counter edus_unknown{edus_name, edus_help, "outcome=\"unknown\""};
base::metrics::counter edus_forged{edus_name, edus_help, "outcome=\"forged\""};
base::metrics::counter pdus_refused{"porchlight_federation_pdus_refused_total",
                                    "Room events of other servers; rooms are not federated here."};

constexpr std::string_view no_rooms = "Rooms are not federated by this server.";

std::optional<std::string> string_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v != nullptr && v->is_string() ? std::optional{std::string{v->get_string()}}
                                          : std::nullopt;
}

// The list, empty when it is absent. none: it is no list, or too long.
const json::array* list_at(const json::object& o, std::string_view key, std::size_t most) {
    static const json::array empty;
    const auto* v = o.if_contains(key);
    if (v == nullptr) {
        return &empty;
    }
    return v->is_array() && v->get_array().size() <= most ? &v->get_array() : nullptr;
}

// Each event is answered by its id, as far as it has one.
json::object refusals(const json::array& pdus) {
    json::object all;
    for (const json::value& pdu : pdus) {
        if (!pdu.is_object()) {
            continue;
        }
        auto id = string_at(pdu.get_object(), "event_id");
        if (!id) {
            if (auto made = matrix::event_id(pdu.get_object())) {
                id = std::move(*made);
            }
        }
        if (id) {
            all[*id] = json::object{{"error", no_rooms}};
        }
    }
    pdus_refused.add(pdus.size());
    return all;
}

// Messages to devices are of no use between servers that share no room; those that only the server
// may make are worth a count of their own.
bool is_forged(const json::object& content) {
    const auto type = string_at(content, "type");
    return type && type->starts_with("m.presence_");
}

}  // namespace

// One transaction until it is answered.
struct transactions::run {
    std::string origin, txn_id, body;
    std::vector<json::object> presence;  // contents, for when the lists are settled
    std::size_t open = 1;                // what it waits for, itself until all was read
    bool failed = false;
    std::vector<answer> waiting;
};

transactions::transactions(homeserver::services& s, lists& l, presence_peers& peers)
    : s_(s), l_(l), peers_(peers) {}
transactions::~transactions() = default;

transactions::remembered* transactions::find(const std::string& origin, std::string_view txn_id) {
    const auto known = origins_.find(origin);
    if (known == origins_.end()) {
        return nullptr;
    }
    for (remembered& m : known->second) {
        if (m.txn_id == txn_id) {
            return &m;
        }
    }
    return nullptr;
}

void transactions::remember(const std::string& origin, remembered m) {
    const auto [known, is_new] = origins_.try_emplace(origin);
    if (is_new) {
        order_.push_back(origin);
        if (order_.size() > limits::origins_remembered_max) {
            origins_.erase(order_.front());
            order_.pop_front();
        }
    }
    auto& all = origins_[origin];
    if (all.size() >= limits::transactions_remembered) {
        all.erase(all.begin());
    }
    all.push_back(std::move(m));
}

void transactions::take(std::string_view origin, std::string_view txn_id, const json::value& body,
                        answer done) {
    const std::string from{origin};
    if (remembered* m = find(from, txn_id)) {
        repeated.add();
        if (m->under_way != nullptr) {
            m->under_way->waiting.push_back(std::move(done));
        } else {
            done(m->body);
        }
        return;
    }
    if (!body.is_object()) {
        done(fail(errc::bad_json, "A transaction is a JSON object."));
        return;
    }
    const json::object& o = body.get_object();
    if (string_at(o, "origin").value_or(from) != from) {
        done(fail(errc::invalid_param, "origin is not the server that signed the request."));
        return;
    }
    const auto* pdus = list_at(o, "pdus", limits::transaction_pdus_max);
    const auto* edus = list_at(o, "edus", limits::transaction_edus_max);
    if (pdus == nullptr || edus == nullptr) {
        done(fail(errc::invalid_param, "pdus and edus are lists of at most 50 and 100."));
        return;
    }
    received.add();
    auto r = std::make_shared<run>();
    r->origin = from;
    r->txn_id = txn_id;
    r->body = json::serialize(
        json::object{{"pdus", refusals(*pdus)}, {porchlight_marker, json::object{}}});
    r->waiting.push_back(std::move(done));
    remember(from, {r->txn_id, {}, r});
    for (const json::value& edu : *edus) {
        take_edu(r, edu);
    }
    settled(r, {});
}

void transactions::take_edu(const std::shared_ptr<run>& r, const json::value& edu) {
    const json::object* o = edu.if_object();
    const auto type = o == nullptr ? std::nullopt : string_at(*o, "edu_type");
    const json::value* content = o == nullptr ? nullptr : o->if_contains("content");
    if (!type || content == nullptr || !content->is_object()) {
        edus_malformed.add();
    } else if (*type == "m.presence") {
        r->presence.push_back(content->get_object());
        edus_taken.add();
    } else if (type->starts_with("m.presence_")) {
        take_list_message(r, *type, content->get_object());
    } else if (*type == "m.direct_to_device" && is_forged(content->get_object())) {
        edus_forged.add();
    } else {
        edus_unknown.add();
    }
}

// A server speaks for its own user, and to one of this server.
bool transactions::take_list_message(const std::shared_ptr<run>& r, std::string_view type,
                                     const json::object& content) {
    auto observer = string_at(content, "observer_user");
    auto subject = string_at(content, "observed_user");
    const auto o = observer ? matrix::parse_user_id(*observer) : std::nullopt;
    const auto s = subject ? matrix::parse_user_id(*subject) : std::nullopt;
    if (!o || !s) {
        edus_malformed.add();
        return false;
    }
    const std::string_view here = s_.config.server_name;
    const bool observers = o->server == r->origin && s->server == here;
    const bool subjects = s->server == r->origin && o->server == here;
    lists::word what{};
    if (type == "m.presence_invite" && observers) {
        what = lists::word::invite;
    } else if (type == "m.presence_accept" && subjects) {
        what = lists::word::accept;
    } else if (type == "m.presence_deny" && (observers || subjects)) {
        what = observers ? lists::word::withdraw : lists::word::deny;
    } else {
        edus_foreign.add();
        return false;
    }
    edus_taken.add();
    ++r->open;
    l_.hear(what, std::move(*observer), std::move(*subject),
            [this, r](const matrix::outcome<void>& outcome) { settled(r, outcome); });
    return true;
}

void transactions::settled(const std::shared_ptr<run>& r, const matrix::outcome<void>& o) {
    r->failed = r->failed || o.has_error();
    if (--r->open == 0) {
        finish(r);
    }
}

void transactions::finish(const std::shared_ptr<run>& r) {
    remembered* m = find(r->origin, r->txn_id);
    if (r->failed) {
        // Its server sends it again; what of it is durable does no harm twice.
        if (m != nullptr) {
            auto& all = origins_[r->origin];
            all.erase(all.begin() + (m - all.data()));
        }
    } else {
        for (const json::object& content : r->presence) {
            peers_.take(r->origin, content);
        }
        if (m != nullptr) {
            m->body = r->body;
            m->under_way = nullptr;
        }
    }
    for (answer& done : r->waiting) {
        if (r->failed) {
            done(fail(errc::unavailable));
        } else {
            done(r->body);
        }
    }
}

}  // namespace porchlight::federation
