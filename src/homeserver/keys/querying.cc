#include "homeserver/keys/impl.h"
#include "homeserver/keys/key_checks.h"

namespace porchlight::homeserver {

namespace {

struct device_name {
    std::string device_id, display_name;
};

// What was known of a user on the deciding thread when the question came.
struct question {
    user_key user;
    std::string user_id;
    std::vector<device_name> devices;  // those that were asked for
    bool is_own = false;
};

class answering {
  public:
    answering(ports::store_reader& store, user_key caller) : store_(store), caller_(caller) {}

    void user(const question& q);
    json::object finish() {
        return {{"failures", json::object{}},
                {"device_keys", std::move(device_keys_)},
                {"master_keys", std::move(master_keys_)},
                {"self_signing_keys", std::move(self_signing_keys_)},
                {"user_signing_keys", std::move(user_signing_keys_)}};
    }

  private:
    // Of its owner's, and of the caller's own.
    void add_signatures(const question& q, std::string_view what, json::object& signed_object) {
        const std::string key = key_of(q.user_id, what);
        merge_signatures(signed_object, read_object(store_, q.user, key_kinds::signature, key));
        if (!q.is_own) {
            merge_signatures(signed_object,
                             read_object(store_, caller_, key_kinds::signature, key));
        }
    }

    ports::store_reader& store_;
    const user_key caller_;
    json::object device_keys_, master_keys_, self_signing_keys_, user_signing_keys_;
};

void answering::user(const question& q) {
    json::object& devices = device_keys_[q.user_id].emplace_object();
    for (const device_name& d : q.devices) {
        auto keys = read_object(store_, q.user, key_kinds::device, d.device_id);
        if (keys.empty()) {
            continue;
        }
        add_signatures(q, d.device_id, keys);
        if (!d.display_name.empty()) {
            keys["unsigned"] = json::object{{"device_display_name", d.display_name}};
        }
        devices[d.device_id] = std::move(keys);
    }
    for (const auto& [usage, into] :
         {std::pair{"master", &master_keys_}, std::pair{"self_signing", &self_signing_keys_},
          std::pair{"user_signing", &user_signing_keys_}}) {
        if (into == &user_signing_keys_ && !q.is_own) {
            continue;
        }
        auto key = read_object(store_, q.user, key_kinds::crossed, usage);
        if (!key.empty()) {
            add_signatures(q, public_key_of(key), key);
            (*into)[q.user_id] = std::move(key);
        }
    }
}

}  // namespace

void device_keys::query(caller who, std::vector<device_wish> wishes,
                        completion<json::object> done) {
    impl& m = *impl_;
    std::map<user_key, question> questions;
    for (const device_wish& w : wishes) {
        question& q = questions[w.user];
        q.user = w.user;
        q.user_id = m.a.user_id(w.user);
        q.is_own = w.user == who.user;
        for (const device_info& d : m.a.devices(w.user)) {
            if (w.device_id.empty() || w.device_id == d.device_id) {
                q.devices.push_back({d.device_id, d.display_name});
            }
        }
    }
    m.documents.read(
        [who, questions = std::move(questions)](
            ports::store_reader& store) -> matrix::outcome<impl::decision> {
            answering answer{store, who.user};
            for (const auto& [user, q] : questions) {
                answer.user(q);
            }
            impl::decision d;
            d.answer = answer.finish();
            d.keep_nothing = true;
            return d;
        },
        std::move(done));
}

}  // namespace porchlight::homeserver
