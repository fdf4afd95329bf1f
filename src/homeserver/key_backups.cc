#include "homeserver/key_backups.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/limits.h"
#include "homeserver/durable_log.h"

namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

using decision = document_changes::decision;

constexpr std::string_view version_kind = "backup_version";  // number, padded: backup
constexpr std::string_view session_kind = "backup_session";  // version, room id, session id

// As stored: {"algorithm","auth_data","count","bytes","etag","removed"?}.
struct backup {
    std::uint64_t number = 0;
    json::object stored;

    bool is_removed() const { return stored.contains("removed"); }
    std::uint64_t value(std::string_view name) const {
        return stored.at(name).to_number<std::uint64_t>();
    }
    void add(std::string_view name, std::int64_t more) {
        stored[name] = static_cast<std::int64_t>(value(name)) + more;
    }
    json::object state() const {
        return {{"count", value("count")}, {"etag", std::to_string(value("etag"))}};
    }
};

std::string padded(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(10 - std::min<std::size_t>(digits.size(), 10), '0') + digits;
}

std::optional<std::uint64_t> number_of(std::string_view version) {
    std::uint64_t n = 0;
    const char* last = version.data() + version.size();
    const auto [end, error] = std::from_chars(version.data(), last, n);
    return error == std::errc{} && end == last && n > 0 ? std::optional{n} : std::nullopt;
}

json::object parsed(const std::string& text) {
    auto v = matrix::parse_json(text);
    return v && v->is_object() ? std::move(v->get_object()) : json::object{};
}

std::vector<backup> all_backups(ports::store_reader& store, user_key u) {
    std::vector<backup> all;
    for (const auto& row :
         store.documents({u, version_kind, {}, {}, limits::backup_versions_max + 1})) {
        all.push_back({number_of(row.key).value_or(0), parsed(row.json)});
    }
    return all;
}

std::optional<backup> newest_backup(ports::store_reader& store, user_key u) {
    std::optional<backup> newest;
    for (backup& each : all_backups(store, u)) {
        if (!each.is_removed()) {
            newest = std::move(each);
        }
    }
    return newest;
}

failure no_backup() {
    return fail(errc::not_found, "There is no such backup.");
}

// `version` empty: the newest.
outcome<backup> find_backup(ports::store_reader& store, user_key u, const std::string& version) {
    std::optional<backup> found;
    if (version.empty()) {
        found = newest_backup(store, u);
    } else if (const auto number = number_of(version)) {
        if (const auto row = store.document(u, version_kind, padded(*number))) {
            found = backup{*number, parsed(row->json)};
        }
    }
    if (!found || found->is_removed()) {
        return no_backup();
    }
    return std::move(*found);
}

// For what only the newest takes.
outcome<backup> find_newest(ports::store_reader& store, user_key u, const std::string& version) {
    auto newest = newest_backup(store, u);
    if (!newest) {
        return no_backup();
    }
    if (std::to_string(newest->number) != version) {
        return fail(errc::wrong_backup_version, std::to_string(newest->number));
    }
    return std::move(*newest);
}

ports::document_row row_of(user_key u, const backup& b) {
    return {u, std::string{version_kind}, padded(b.number), json::serialize(b.stored), 0};
}

std::string session_key(const backup& b, std::string_view room_id, std::string_view session_id) {
    return padded(b.number) + '\n' + std::string{room_id} + '\n' + std::string{session_id};
}

// The beginning of the keys of all that is meant; of one session its key.
std::string prefix_of(const backup& b, const key_backups::place& p) {
    if (p.session_id) {
        return session_key(b, *p.room_id, *p.session_id);
    }
    return p.room_id ? session_key(b, *p.room_id, "") : padded(b.number) + '\n';
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::id_bytes_max &&
           name.find('\n') == std::string_view::npos;
}

outcome<void> check_session(std::string_view room_id, std::string_view session_id,
                            const json::value& v) {
    const auto* o = v.if_object();
    const auto is_count = [o](std::string_view name) {
        const auto* n = o->if_contains(name);
        return n != nullptr && n->is_int64() && n->get_int64() >= 0;
    };
    const auto is_kind = [o](std::string_view name, json::kind k) {
        const auto* n = o->if_contains(name);
        return n != nullptr && n->kind() == k;
    };
    if (!is_name(room_id) || !is_name(session_id)) {
        return fail(errc::invalid_param, "Room and session ids have 1 to 255 bytes.");
    }
    if (o == nullptr || !is_count("first_message_index") || !is_count("forwarded_count") ||
        !is_kind("is_verified", json::kind::bool_) ||
        !is_kind("session_data", json::kind::object)) {
        return fail(errc::bad_json,
                    "A session has first_message_index and forwarded_count (whole numbers), "
                    "is_verified (true or false) and session_data (an object).");
    }
    if (json::serialize(v).size() > limits::backup_session_bytes_max) {
        return fail(errc::too_large, "A session may have at most " +
                                         std::to_string(limits::backup_session_bytes_max) +
                                         " bytes.");
    }
    return {};
}

outcome<void> check_sessions(const json::object& rooms) {
    for (const auto& [room_id, room] : rooms) {
        const auto* sessions = matrix::find(room, "sessions");
        if (sessions == nullptr || !sessions->is_object()) {
            return fail(errc::bad_json, "Each room must have an object \"sessions\".");
        }
        for (const auto& [session_id, session] : sessions->get_object()) {
            if (auto r = check_session(room_id, session_id, session); !r) {
                return r;
            }
        }
    }
    return {};
}

// Adds the row of a session, unless the one that is there is as good.
void put_session(ports::store_reader& store, user_key u, backup& b, std::string key,
                 const json::value& session, ports::write_set& set) {
    const auto known = store.document(u, session_kind, key);
    if (known && !is_better_session(session.get_object(), parsed(known->json))) {
        return;
    }
    ports::document_row row{u, std::string{session_kind}, std::move(key), json::serialize(session),
                            0};
    b.add("count", known ? 0 : 1);
    b.add("bytes",
          static_cast<std::int64_t>(row.key.size() + row.json.size()) -
              (known ? static_cast<std::int64_t>(known->key.size() + known->json.size()) : 0));
    set.push_back(std::move(row));
}

// Room id and session id of a stored session.
std::pair<std::string, std::string> names_of(const std::string& key) {
    const auto first = key.find('\n');
    const auto second = key.find('\n', first + 1);
    return {key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

}  // namespace

bool is_better_session(const json::object& a, const json::object& b) {
    const bool verified = a.at("is_verified").get_bool();
    if (verified != b.at("is_verified").get_bool()) {
        return verified;
    }
    const auto number = [](const json::object& o, std::string_view name) {
        return o.at(name).to_number<std::int64_t>();
    };
    for (const auto* name : {"first_message_index", "forwarded_count"}) {
        if (number(a, name) != number(b, name)) {
            return number(a, name) < number(b, name);
        }
    }
    return false;
}

key_backups::key_backups(services& s, accounts& a) : documents_(s) {
    a.on_deactivated([&s](user_key u) {
        ports::write_set set;
        for (const auto kind : {version_kind, session_kind}) {
            set.push_back(ports::document_removal{u, std::string{kind}, {}, true});
        }
        s.log.write_behind(std::move(set), [](bool) {});
    });
}

// --- versions ---

void key_backups::create(user_key u, std::string algorithm, json::object auth_data,
                         completion<json::object> done) {
    auto decide = [u, algorithm = std::move(algorithm), auth_data = std::move(auth_data)](
                      ports::store_reader& store) -> outcome<decision> {
        const auto all = all_backups(store, u);
        if (all.size() >= limits::backup_versions_max) {
            return fail(errc::resource_limit, "No more backups can be made.");
        }
        const backup b{all.empty() ? 1 : all.back().number + 1,
                       {{"algorithm", algorithm},
                        {"auth_data", auth_data},
                        {"count", 0},
                        {"bytes", 0},
                        {"etag", 0}}};
        decision d;
        d.set.push_back(row_of(u, b));
        d.answer["version"] = std::to_string(b.number);
        return d;
    };
    documents_.change(u, std::move(decide), std::move(done));
}

void key_backups::look(user_key u, std::string version, completion<json::object> done) {
    documents_.read(
        [u, version = std::move(version)](ports::store_reader& store) -> outcome<decision> {
            const auto b = find_backup(store, u, version);
            if (!b) {
                return b.error();
            }
            decision d;
            d.answer = b->state();
            d.answer["algorithm"] = b->stored.at("algorithm");
            d.answer["auth_data"] = b->stored.at("auth_data");
            d.answer["version"] = std::to_string(b->number);
            return d;
        },
        std::move(done));
}

void key_backups::update(user_key u, std::string version, std::string algorithm,
                         json::object auth_data, completion<json::object> done) {
    auto decide = [u, version = std::move(version), algorithm = std::move(algorithm),
                   auth_data =
                       std::move(auth_data)](ports::store_reader& store) -> outcome<decision> {
        auto b = find_backup(store, u, version);
        if (!b) {
            return b.error();
        }
        if (b->stored.at("algorithm") != json::value(algorithm)) {
            return fail(errc::invalid_param, "The algorithm of a backup can't be changed.");
        }
        b->stored["auth_data"] = auth_data;
        decision d;
        d.set.push_back(row_of(u, *b));
        return d;
    };
    documents_.change(u, std::move(decide), std::move(done));
}

void key_backups::remove(user_key u, std::string version, completion<json::object> done) {
    auto decide = [u,
                   version = std::move(version)](ports::store_reader& store) -> outcome<decision> {
        auto b = find_backup(store, u, version);
        if (!b) {
            return b.error();
        }
        b->stored = {{"removed", true}};  // its number is not given again
        decision d;
        d.set.push_back(row_of(u, *b));
        d.set.push_back(
            ports::document_removal{u, std::string{session_kind}, padded(b->number) + '\n', true});
        return d;
    };
    documents_.change(u, std::move(decide), std::move(done));
}

// --- sessions ---

void key_backups::put_sessions(user_key u, std::string version, json::object rooms,
                               completion<json::object> done) {
    if (const auto r = check_sessions(rooms); !r) {
        done(r.error());
        return;
    }
    auto decide = [u, version = std::move(version),
                   rooms = std::move(rooms)](ports::store_reader& store) -> outcome<decision> {
        auto b = find_newest(store, u, version);
        if (!b) {
            return b.error();
        }
        decision d;
        for (const auto& [room_id, room] : rooms) {
            for (const auto& [session_id, session] : room.at("sessions").get_object()) {
                put_session(store, u, *b, session_key(*b, room_id, session_id), session, d.set);
            }
        }
        if (b->value("count") > limits::backup_sessions_max ||
            b->value("bytes") > limits::backup_bytes_max) {
            return fail(errc::resource_limit, "The backup is full.");
        }
        if (!d.set.empty()) {
            b->add("etag", 1);
            d.set.push_back(row_of(u, *b));
        }
        d.answer = b->state();
        return d;
    };
    documents_.change(u, std::move(decide), std::move(done));
}

void key_backups::sessions(user_key u, place p, completion<json::object> done) {
    documents_.read(
        [u, p = std::move(p)](ports::store_reader& store) -> outcome<decision> {
            const auto b = find_backup(store, u, p.version);
            if (!b) {
                return b.error();
            }
            decision d;
            const std::string prefix = prefix_of(*b, p);
            if (p.session_id) {
                const auto row = store.document(u, session_kind, prefix);
                if (!row) {
                    return fail(errc::not_found, "There is no such session in the backup.");
                }
                d.answer = parsed(row->json);
                return d;
            }
            json::object rooms;
            for (const auto& row :
                 store.documents({u, session_kind, prefix, {}, limits::backup_sessions_max})) {
                const auto [room_id, session_id] = names_of(row.key);
                json::value& room = rooms[room_id];
                if (!room.is_object()) {
                    room = json::object{{"sessions", json::object{}}};
                }
                room.at("sessions").get_object()[session_id] = parsed(row.json);
            }
            if (!p.room_id) {
                d.answer["rooms"] = std::move(rooms);
            } else if (rooms.empty()) {
                d.answer["sessions"] = json::object{};
            } else {
                d.answer = std::move(rooms.begin()->value().get_object());
            }
            return d;
        },
        std::move(done));
}

void key_backups::remove_sessions(user_key u, place p, completion<json::object> done) {
    auto decide = [u, p = std::move(p)](ports::store_reader& store) -> outcome<decision> {
        auto b = find_backup(store, u, p.version);
        if (!b) {
            return b.error();
        }
        const std::string prefix = prefix_of(*b, p);
        decision d;
        std::vector<ports::document_row> gone;
        if (p.session_id) {
            if (auto row = store.document(u, session_kind, prefix)) {
                gone.push_back(std::move(*row));
            }
        } else {
            gone = store.documents({u, session_kind, prefix, {}, limits::backup_sessions_max});
        }
        for (const auto& row : gone) {
            b->add("count", -1);
            b->add("bytes", -static_cast<std::int64_t>(row.key.size() + row.json.size()));
        }
        if (!gone.empty()) {
            b->add("etag", 1);
            d.set.push_back(ports::document_removal{u, std::string{session_kind}, prefix,
                                                    !p.session_id.has_value()});
            d.set.push_back(row_of(u, *b));
        }
        d.answer = b->state();
        return d;
    };
    documents_.change(u, std::move(decide), std::move(done));
}

}  // namespace porchlight::homeserver
