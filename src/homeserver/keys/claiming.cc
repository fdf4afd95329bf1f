#include "homeserver/keys/impl.h"
#include "homeserver/keys/key_checks.h"

namespace porchlight::homeserver {

namespace {

using decision = document_changes::decision;

// {"ALGORITHM:ID": key} of one device, or {} when it has none left.
matrix::outcome<decision> take_key(ports::store_reader& store, user_key u,
                                   const std::string& device_id, const std::string& algorithm,
                                   std::optional<key_counts>& after) {
    decision d;
    auto counts = key_counts::from_json(read_object(store, u, key_kinds::counts, device_id));
    const std::string prefix = key_of(device_id, algorithm + ':');
    const auto rows = store.documents({u, key_kinds::one_time, prefix, {}, 1});
    if (!rows.empty()) {
        d.answer[rows[0].key.substr(device_id.size() + 1)] =
            matrix::parse_json(rows[0].json).value();
        d.set.push_back(ports::document_removal{u, std::string{key_kinds::one_time}, rows[0].key});
        auto& left = counts.one_time[algorithm];
        left -= left > 0 ? 1 : 0;
    } else {
        const std::string key = key_of(device_id, algorithm);
        const auto fallback = read_object(store, u, key_kinds::fallback, key);
        if (fallback.empty()) {
            return d;
        }
        d.answer[fallback.at("name").get_string()] = fallback.at("key");
        if (counts.fallback_used[algorithm]) {
            return d;
        }
        counts.fallback_used[algorithm] = true;
    }
    auto row = document_of(u, key_kinds::counts, device_id, counts.to_json());
    row.position = document_changes::now;
    d.set.push_back(std::move(row));
    after = std::move(counts);
    return d;
}

// The answers of many claims, as they come.
struct gathering {
    json::object one_time_keys;
    std::size_t missing = 0;
    std::optional<failure> refused;
    completion<json::object> done;

    void arrived() {
        if (--missing == 0) {
            if (refused) {
                done(*refused);
            } else {
                done(std::move(one_time_keys));
            }
        }
    }
};

}  // namespace

void device_keys::claim(std::vector<device_wish> wishes, completion<json::object> done) {
    if (wishes.empty()) {
        done(json::object{});
        return;
    }
    impl& m = *impl_;
    auto all = std::make_shared<gathering>();
    all->missing = wishes.size();
    all->done = std::move(done);
    for (device_wish& w : wishes) {
        auto decide = [&m, w](ports::store_reader& store) -> matrix::outcome<decision> {
            std::optional<key_counts> after;
            auto d = take_key(store, w.user, w.device_id, w.algorithm, after);
            if (d && after) {
                d->applied = [&m, w, after = std::move(*after)](std::uint64_t position) {
                    m.set_counts(w.user, w.device_id, after, position);
                    m.s.engine.wake(w.user, m.s.clock.now());
                };
            }
            return d;
        };
        m.documents.change(w.user, std::move(decide), [&m, all, w](outcome<json::object> key) {
            if (!key) {
                all->refused = key.error();
            } else if (!key->empty()) {
                json::value& of_user = all->one_time_keys[m.a.user_id(w.user)];
                if (!of_user.is_object()) {
                    of_user.emplace_object();
                }
                of_user.get_object()[w.device_id] = std::move(*key);
            }
            all->arrived();
        });
    }
}

}  // namespace porchlight::homeserver
