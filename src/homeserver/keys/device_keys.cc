#include "homeserver/keys/device_keys.h"

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "homeserver/durable_log.h"
#include "homeserver/keys/impl.h"
#include "homeserver/keys/key_checks.h"

namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

// --- counts ---

json::object key_counts::one_time_json() const {
    json::object o{{"signed_curve25519", 0}};  // clients look for it
    for (const auto& [algorithm, count] : one_time) {
        o[algorithm] = count;
    }
    return o;
}

json::object key_counts::to_json() const {
    json::object o;
    json::object& counts = o["one_time"].emplace_object();
    for (const auto& [algorithm, count] : one_time) {
        if (count > 0) {
            counts[algorithm] = count;
        }
    }
    json::object& used = o["fallback_used"].emplace_object();
    for (const auto& [algorithm, is_used] : fallback_used) {
        used[algorithm] = is_used;
    }
    return o;
}

key_counts key_counts::from_json(const json::object& o) {
    key_counts c;
    if (const auto* counts = o.if_contains("one_time"); counts != nullptr && counts->is_object()) {
        for (const auto& [algorithm, count] : counts->get_object()) {
            c.one_time[algorithm] = count.to_number<std::uint64_t>();
        }
    }
    if (const auto* used = o.if_contains("fallback_used"); used != nullptr && used->is_object()) {
        for (const auto& [algorithm, is_used] : used->get_object()) {
            c.fallback_used[algorithm] = is_used.as_bool();
        }
    }
    return c;
}

std::string key_counts::text() const {
    json::array unused;
    for (const auto& [algorithm, is_used] : fallback_used) {
        if (!is_used) {
            unused.emplace_back(algorithm);
        }
    }
    return R"("device_one_time_keys_count":)" + json::serialize(one_time_json()) +
           R"(,"device_unused_fallback_key_types":)" + json::serialize(unused);
}

json::object read_object(ports::store_reader& store, user_key u, std::string_view kind,
                         std::string_view key) {
    const auto row = store.document(u, kind, key);
    if (!row) {
        return {};
    }
    auto v = matrix::parse_json(row->json);
    return v && v->is_object() ? std::move(v->get_object()) : json::object{};
}

ports::document_row document_of(user_key u, std::string_view kind, std::string key,
                                const json::value& content) {
    return {u, std::string{kind}, std::move(key), json::serialize(content), 0};
}

device_keys::counts_text device_keys::impl::intern(std::string text) {
    if (texts.size() > 2 * texts_swept + 64) {
        std::erase_if(texts, [](const auto& each) { return each.second.expired(); });
        texts_swept = texts.size();
    }
    auto& known = texts[text];
    auto shared = known.lock();
    if (!shared) {
        shared = std::make_shared<const std::string>(std::move(text));
        known = shared;
    }
    return shared;
}

// `position`: when somebody else than the device changed them.
void device_keys::impl::set_counts(user_key u, std::string_view device_id, const key_counts& c,
                                   std::optional<std::uint64_t> position) {
    for (const device_info& d : a.devices(u)) {
        if (d.device_id == device_id) {
            held& h = counts[d.device];
            h.text = intern(c.text());
            h.position = position.value_or(h.position);
        }
    }
}

device_keys::counts_text device_keys::counts(device_key d) const {
    const auto found = impl_->counts.find(d);
    return found == impl_->counts.end() ? nullptr : found->second.text;
}

std::uint64_t device_keys::counts_position(device_key d) const {
    const auto found = impl_->counts.find(d);
    return found == impl_->counts.end() ? 0 : found->second.position;
}

const key_changes& device_keys::changes() const {
    return impl_->changes;
}

// --- telling ---

ports::document_row device_keys::impl::announcement(user_key u) {
    return {u, std::string{key_kinds::list}, {}, "{}", document_changes::now};
}

void device_keys::impl::announce(user_key u, std::uint64_t position) {
    changes.changed(u, position);
    s.engine.wake(u, s.clock.now());
    std::vector<room_key> joined;
    for (const membership_info& m : r.rooms_of(u)) {
        if (m.state == membership::join) {
            joined.push_back(m.room);
        }
    }
    wake_rooms(u, std::move(joined));
}

void device_keys::impl::wake_rooms(user_key u, std::vector<room_key> rooms) {
    const auto now = s.clock.now();
    for (std::size_t n = 0; n < limits::profile_rooms_per_turn && !rooms.empty(); ++n) {
        for (const user_key member : r.members(rooms.back())) {
            if (member != u) {
                s.engine.wake(member, now);
            }
        }
        rooms.pop_back();
    }
    if (!rooms.empty()) {
        s.decider.post(
            [this, u, rest = std::move(rooms)]() mutable { wake_rooms(u, std::move(rest)); });
    }
}

// --- life ---

device_keys::device_keys(services& s, accounts& a, rooms& r)
    : impl_(std::make_unique<impl>(s, a, r)) {
    a.on_device_leaving(
        [&m = *impl_](user_key u, std::string_view device_id, std::uint64_t position,
                      ports::write_set& set) { return m.leaving(u, device_id, position, set); });
    a.on_device_ended([&m = *impl_](device_key d) { m.counts.erase(d); });
    a.on_deactivated([&m = *impl_](user_key u) { m.deactivated(u); });
}
device_keys::~device_keys() = default;

void device_keys::load(ports::store_reader& store) {
    impl& m = *impl_;
    store.documents_of_kind(key_kinds::list, [&m](ports::document_row&& row) {
        m.changes.load(row.user, row.position);
    });
    m.changes.sort();
    store.documents_of_kind(key_kinds::counts, [&m](ports::document_row&& row) {
        const auto v = matrix::parse_json(row.json);
        if (v && v->is_object()) {
            m.set_counts(row.user, row.key, key_counts::from_json(v->get_object()), row.position);
        }
    });
}

accounts::arrival device_keys::impl::leaving(user_key u, std::string_view device_id,
                                             std::uint64_t position, ports::write_set& set) {
    const bool had_keys = changes.has_keys(u);
    const auto remove = [&](std::string_view kind, std::string key, bool below) {
        set.push_back(ports::document_removal{u, std::string{kind}, std::move(key), below});
    };
    remove(key_kinds::device, std::string{device_id}, false);
    remove(key_kinds::counts, std::string{device_id}, false);
    remove(key_kinds::one_time, key_of(device_id, ""), true);
    remove(key_kinds::fallback, key_of(device_id, ""), true);
    remove(key_kinds::signature, key_of(a.user_id(u), device_id), false);
    if (had_keys) {
        auto row = announcement(u);
        row.position = position;
        set.push_back(std::move(row));
    }
    return [this, u, position, had_keys] {
        if (had_keys) {
            announce(u, position);
        }
    };
}

// The devices went with it.
void device_keys::impl::deactivated(user_key u) {
    ports::write_set set;
    for (const auto kind : {key_kinds::crossed, key_kinds::signature}) {
        set.push_back(ports::document_removal{u, std::string{kind}, {}, true});
    }
    s.log.write_behind(std::move(set), [](bool) {});
}

// --- uploading ---

namespace {

matrix::failure too_many(std::string_view what, std::size_t most) {
    return fail(errc::invalid_param,
                "A device may have at most " + std::to_string(most) + ' ' + std::string{what});
}

// The parts of an upload, each on the cold pool. They change the counts and add rows.
struct upload_step {
    ports::store_reader& store;
    user_key user;
    const std::string& device_id;
    key_counts& counts;
    ports::write_set& set;

    matrix::outcome<void> one_time(const json::object& keys);
    matrix::outcome<void> fallback(const json::object& keys);
};

matrix::outcome<void> upload_step::one_time(const json::object& keys) {
    for (const auto& [name, value] : keys) {
        std::string key = key_of(device_id, name);
        if (const auto same = store.document(user, key_kinds::one_time, key)) {
            if (matrix::parse_json(same->json).value() != value) {
                return fail(errc::invalid_param, "There is another one-time key named " +
                                                     std::string{std::string_view{name}});
            }
            continue;
        }
        set.push_back(document_of(user, key_kinds::one_time, std::move(key), value));
        ++counts.one_time[std::string{parse_key_name(name)->algorithm}];
    }
    std::uint64_t all = 0;
    for (const auto& [algorithm, count] : counts.one_time) {
        all += count;
    }
    if (all > limits::one_time_keys_max) {
        return too_many("one-time keys", limits::one_time_keys_max);
    }
    return {};
}

// The same key again stays used or unused, as it is.
matrix::outcome<void> upload_step::fallback(const json::object& keys) {
    for (const auto& [name, value] : keys) {
        const std::string algorithm{parse_key_name(name)->algorithm};
        std::string key = key_of(device_id, algorithm);
        const auto before = read_object(store, user, key_kinds::fallback, key);
        const auto* known = before.if_contains("name");
        if (known != nullptr && *known == json::value(name) && before.at("key") == value) {
            continue;
        }
        set.push_back(document_of(user, key_kinds::fallback, std::move(key),
                                  json::object{{"name", name}, {"key", value}}));
        counts.fallback_used[algorithm] = false;
    }
    if (counts.fallback_used.size() > limits::fallback_keys_max) {
        return too_many("fallback keys", limits::fallback_keys_max);
    }
    return {};
}

}  // namespace

void device_keys::upload(caller who, upload_wish w, completion<json::object> done) {
    impl& m = *impl_;
    const std::string device_id = m.a.device(who.device).device_id;
    for (const auto& check :
         {w.device_keys ? check_device_keys(*w.device_keys, m.a.user_id(who.user), device_id)
                        : matrix::outcome<void>{},
          check_one_time_keys(w.one_time_keys), check_one_time_keys(w.fallback_keys)}) {
        if (!check) {
            done(check.error());
            return;
        }
    }
    auto decide = [&m, who, device_id, w = std::move(w)](
                      ports::store_reader& store) -> matrix::outcome<impl::decision> {
        impl::decision d;
        const auto before = read_object(store, who.user, key_kinds::counts, device_id);
        auto counts = key_counts::from_json(before);
        bool announces = false;
        if (w.device_keys) {
            const auto known = read_object(store, who.user, key_kinds::device, device_id);
            announces = known != *w.device_keys;
            if (announces) {
                d.set.push_back(
                    document_of(who.user, key_kinds::device, device_id, *w.device_keys));
                d.set.push_back(impl::announcement(who.user));
            }
        }
        upload_step step{store, who.user, device_id, counts, d.set};
        for (const auto& r : {step.one_time(w.one_time_keys), step.fallback(w.fallback_keys)}) {
            if (!r) {
                return r.error();
            }
        }
        d.answer["one_time_key_counts"] = counts.one_time_json();
        auto after = counts.to_json();
        if (after != before) {
            d.set.push_back(document_of(who.user, key_kinds::counts, device_id, after));
        }
        d.applied = [&m, who, device_id, counts, announces](std::uint64_t position) {
            m.set_counts(who.user, device_id, counts, std::nullopt);
            if (announces) {
                m.announce(who.user, position);
            }
        };
        return d;
    };
    m.documents.change(who.user, std::move(decide), std::move(done));
}

}  // namespace porchlight::homeserver
